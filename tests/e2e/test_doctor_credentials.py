"""What `doctor` says of secrets: of those whose names are put together, of a user's, of those that are missing."""
import pytest

from test_doctor import examine, in_a_system_of_its_own


def test_a_credential_of_a_directory(idle):
    """Its name is put together: of the directory's, of what is in it, and of files there."""
    run, given, elsewhere = (idle.directory / name for name in ("system-run", "given", "elsewhere"))
    drop_ins = run / "systemd/system/codegend.service.d"
    for directory in (given, drop_ins, elsewhere / "web"):
        directory.mkdir(parents=True)
    for directory in (idle.directory, elsewhere, elsewhere / "web"):
        directory.chmod(0o755)
    in_a_system_of_its_own(idle, run)
    tokens = {"flat": elsewhere / "gh_token", "deep": elsewhere / "web/gh_token"}
    for path in (given / "doctor_gh_token", given / "doctor_web_gh_token", *tokens.values()):
        path.write_text("top-secret-token")
        path.chmod(0o400)
    (drop_ins / "token.conf").write_text(f"[Service]\n# all of them \\\nLoadCredential=doctor:{elsewhere}/\n")
    idle.configure("".join(f"""
forge {name} {{
    type = github
    api-url = "http://127.0.0.1:1"
    token = "credential:{token}"
}}
""" for name, token in (("flat", "doctor_gh_token"), ("deep", "doctor_web_gh_token"))))
    idle.start(environment={"CREDENTIALS_DIRECTORY": str(given)})
    for name, token in tokens.items():
        assert examine(idle)["credential of forge", name]["state"] == "ok"
        token.chmod(0o644)
        found = examine(idle)["credential of forge", name]
        assert found["state"] == "problem" and f'"{token}"' in found["message"], found


def test_a_credential_of_a_users_own_daemon(idle):
    """The system's units and stores have nothing to do with it."""
    run, given = idle.directory / "system-run", idle.directory / "user" / "given"
    drop_ins = run / "systemd/system/codegend.service.d"
    for directory in (given, drop_ins):
        directory.mkdir(parents=True)
    in_a_system_of_its_own(idle, run)
    (given / "doctor-token").write_text("top-secret-token")
    (given / "doctor-token").chmod(0o400)
    (drop_ins / "token.conf").write_text("[Service]\nSetCredential=doctor-token:of-another\n")
    idle.configure("""
forge hub {
    type = github
    api-url = "http://127.0.0.1:1"
    token = "credential:doctor-token"
}
""")
    for runtime, state in ("user", "ok"), ("elsewhere", "warning"):
        idle.start(environment={"CREDENTIALS_DIRECTORY": str(given),
                                "XDG_RUNTIME_DIR": str(idle.directory / runtime)})
        found = examine(idle)["credential of forge", "hub"]
        assert found["state"] == state and "and closed to others" not in found["message"], found
        idle.stop()


@pytest.mark.parametrize("source, remedy", [
    ("file:/root/nonexistent/token", ("put it there", "ProtectHome=", "codegenctl reload")),
    ("env:DOCTOR_NO_TOKEN", ("set it", "restart")),
    ("credential:doctor-no-token", ("/etc/credstore", "LoadCredential=")),
])
def test_a_secret_is_put_where_it_is_looked_for(idle, source, remedy):
    idle.configure(f"""
forge hub {{
    type = github
    api-url = "http://127.0.0.1:1"
    token = "{source}"
}}
""")
    idle.start()
    found = examine(idle, code=1)["credential of forge", "hub"]
    assert all(word in found["remedy"] for word in remedy), found
    assert ("/etc/credstore" in found["remedy"]) == source.startswith("credential:")
