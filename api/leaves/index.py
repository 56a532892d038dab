"""All pages beside the board."""

from fastapi import APIRouter

from api.leaves import day, duty, homes, messages, shift, users

ROUTERS: tuple[APIRouter, ...] = (homes.router, day.router, duty.router, messages.router, users.router, shift.router)
