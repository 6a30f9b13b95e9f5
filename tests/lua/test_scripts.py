"""What holds for every script: its form, its flags, and that the build embeds the text that these tests run."""
import re
import subprocess

import pytest

from store import NAMES, SCRIPTS, script_text

ACCEPTS_WORK = {"publish", "configure", "job_create", "replay"}
READS = {name for name in NAMES if name.startswith(("list_", "find_"))}
PAGE = 75  # lines of code
PARTS = sorted((SCRIPTS / "lib").glob("*.lua"))


@pytest.mark.parametrize("name", NAMES)
def test_scripts_that_finish_work_run_when_memory_is_full_and_others_do_not(name):
    first = script_text(name).splitlines()[0]
    flags = "" if name in ACCEPTS_WORK else " flags=no-writes" if name in READS else " flags=allow-oom"
    assert first == "#!lua" + flags


@pytest.mark.parametrize("name", NAMES)
def test_a_script_opens_with_its_contract_and_fits_on_a_page(name):
    lines = (SCRIPTS / f"{name}.lua").read_text().splitlines()
    assert lines[1].startswith(f"-- {name}.lua - ")
    header = "\n".join(lines)
    assert [word for word in ("KEYS", "ARGV", "RETURNS") if f"\n-- {word} " not in header] == []
    code = [line for line in lines if line.strip() and not line.lstrip().startswith(("--", "#!"))]
    assert len(code) <= PAGE


@pytest.mark.parametrize("path", [*(SCRIPTS / f"{name}.lua" for name in NAMES), *PARTS], ids=lambda path: path.stem)
def test_lines_are_short_and_calls_have_one_name(path):
    text = path.read_text()
    assert max(map(len, text.splitlines())) <= 100
    assert re.findall(r"redis\.call(?!\n)", text) == [] and "\t" not in text


@pytest.mark.parametrize("path", PARTS, ids=lambda path: path.stem)
def test_every_part_is_included_somewhere(path):
    assert any(f"--@include {path.stem}\n" in (SCRIPTS / f"{name}.lua").read_text() for name in NAMES)


def test_the_build_embeds_the_same_text(tmp_path):
    (tmp_path / "io").mkdir()
    (tmp_path / "io" / "script.h").write_text("#include <stddef.h>\nstruct lua_source { const char *name, *text; };\n")
    scripts = ";".join(str(SCRIPTS / f"{name}.lua") for name in NAMES)
    subprocess.run(["cmake", f"-DOUTPUT={tmp_path}/scripts.c", f"-DSCRIPTS={scripts}",
                    "-P", SCRIPTS.parent / "cmake" / "embed_lua.cmake"], check=True)
    (tmp_path / "main.c").write_text('#include <stdio.h>\n#include "scripts.c"\nint main(void) {\n'
                                     "    for (size_t i = 0; i < lua_sources_count; i++)\n"
                                     '        printf("%s%c%s%c", lua_sources[i].name, 0, lua_sources[i].text, 0);\n}\n')
    subprocess.run(["cc", "-I", tmp_path, tmp_path / "main.c", "-o", tmp_path / "main"], check=True)
    words = subprocess.run([tmp_path / "main"], check=True, capture_output=True).stdout.decode().split("\0")[:-1]
    assert dict(zip(words[::2], words[1::2])) == {name: script_text(name) for name in NAMES}
