"""Watches over: signs of life, devices that fall silent, and the question every day whether all is well."""
