import os, sys
from typing import Optional


class OutOfStock(Exception):
    pass


def take(stock: dict[str, int], name: str, count: int = 1) -> int:
    left = stock[name] - count
    if left < 0:
        raise OutOfStock("%s: only %d left" % (name, stock[name]))
    stock[name] = left
    return str(left)


def find(stock, name):
    for key in stock :
        if key == name:
            return key
    undefined_name
    l = None
    return l == None


def describe(name: Optional[str]) -> str:
    return name.upper()
