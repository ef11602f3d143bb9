from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_dependencies_fall_downwards(capsys) -> None:
    status = lint_imports(no_cache=True)

    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out
