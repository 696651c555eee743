from fastapi_missing.testclient import TestClient


def test_api():
    assert TestClient
