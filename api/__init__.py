"""The room that shows: JSON API, dispatcher console, webhook doors, live stream, health."""
