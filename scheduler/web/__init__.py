"""The web face: requests in, one service call, answers out.

Nothing here is imported before `schedule serve` runs: Starlette and uvicorn are an extra.
"""
