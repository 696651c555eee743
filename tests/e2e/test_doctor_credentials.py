"""What `doctor` says of secrets."""
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
