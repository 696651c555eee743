import pytest

from shop.stock import OutOfStock, find, take


@pytest.fixture
def stock():
    return {"apple": 3, "pear": 0}


def test_take(stock):
    assert take(stock, "apple") == 2


def test_take_too_many(stock):
    with pytest.raises(OutOfStock):
        take(stock, "pear")


@pytest.mark.parametrize("name, expected", [("apple", "apple"), ("plum", None)])
def test_find(stock, name, expected):
    assert find(stock, name) == expected


def test_settings(settings):
    assert settings
