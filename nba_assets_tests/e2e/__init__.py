"""The whole of it, as a user sees it: web server, daemon, code server and a browser."""
