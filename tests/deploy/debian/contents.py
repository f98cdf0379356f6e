"""What is in the package, and what it says about itself."""

import gzip
import re
import subprocess
import tarfile
import unittest

from . import built
from .built import SOURCE, fields, package, run, unpacked

DOCUMENTS = "/usr/share/doc/ferrule"
EXPECTED = [
    "/etc/default/ferrule",
    "/etc/ferrule/ferrule.yaml",
    "/lib/systemd/system/ferrule.service",
    "/lib/systemd/system/ferrule.socket",
    "/usr/bin/ferrule",
    "/usr/lib/sysusers.d/ferrule.conf",
    "/usr/share/bash-completion/completions/ferrule",
    f"{DOCUMENTS}/README.Debian",
    f"{DOCUMENTS}/changelog.Debian.gz",
    f"{DOCUMENTS}/changelog.gz",
    f"{DOCUMENTS}/copyright",
    f"{DOCUMENTS}/docs/configuration.md",
    f"{DOCUMENTS}/docs/endings.md",
    f"{DOCUMENTS}/docs/metrics.md",
    f"{DOCUMENTS}/docs/operations.md",
    f"{DOCUMENTS}/docs/probe.md",
    f"{DOCUMENTS}/examples/ferrule.yaml",
    "/usr/share/lintian/overrides/ferrule",
    "/usr/share/man/man5/ferrule.yaml.5.gz",
    "/usr/share/man/man8/ferrule.8.gz",
]


def members():
    """Path -> tar member, of everything in the package."""
    archive = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package()], stdout=subprocess.PIPE)
    with archive.stdout, tarfile.open(fileobj=archive.stdout, mode="r|") as tar:
        found = {member.name.removeprefix("."): member for member in tar}
    if archive.wait(built.LIMIT) != 0:
        raise AssertionError("dpkg-deb could not unpack the package")
    return found


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.members = members()

    def test_all_are_there_and_no_others(self):
        # How many examples there are is up to the folders they come from.
        others = [path for path, member in self.members.items()
                  if not member.isdir() and path not in EXPECTED
                  and not path.startswith(f"{DOCUMENTS}/examples/")]
        missing = [path for path in EXPECTED if path not in self.members]
        self.assertEqual((missing, others), ([], []))

    def test_every_example_of_the_source_is_there(self):
        wanted = [path.relative_to(SOURCE / "config/examples").as_posix()
                  for path in (SOURCE / "config/examples").glob("*.yaml")]
        wanted += [f"systemd/{path.name}" for path in (SOURCE / "systemd").glob("*.conf")]
        wanted += [f"prometheus/{path.name}" for path in (SOURCE / "docker/prometheus").glob("*.yaml")
                   if not path.name.endswith("_test.yaml")]
        wanted += [f"grafana/{path.name}" for path in (SOURCE / "docker/grafana").glob("*.json")]
        self.assertEqual([name for name in wanted
                          if f"{DOCUMENTS}/examples/{name}" not in self.members], [])

    def test_modes_and_owners(self):
        for path, member in self.members.items():
            wanted = 0o755 if member.isdir() or path == "/usr/bin/ferrule" else 0o644
            with self.subTest(path=path):
                self.assertTrue(member.isdir() or member.isfile())
                self.assertEqual((oct(member.mode), member.uid, member.gid), (oct(wanted), 0, 0))

    def test_the_binary_is_stripped(self):
        sections = run("readelf", "--section-headers", "--wide", unpacked() / "usr/bin/ferrule")
        self.assertIn(".text", sections)
        self.assertNotIn(".symtab", sections)
        self.assertNotIn(".debug_info", sections)

    def test_the_sums_are_right(self):
        listed = (unpacked() / "DEBIAN/md5sums").read_text().splitlines()
        files = [path for path, member in self.members.items() if member.isfile()]
        self.assertEqual(sorted("/" + line.split("  ", 1)[1] for line in listed), sorted(files))
        run("md5sum", "--check", "--strict", "DEBIAN/md5sums", cwd=unpacked())

    def test_whatever_is_below_etc_is_a_conffile(self):
        listed = (unpacked() / "DEBIAN/conffiles").read_text().split()
        self.assertEqual(sorted(listed), [path for path, member in sorted(self.members.items())
                                          if path.startswith("/etc/") and member.isfile()])

    def test_built_again_it_is_the_same(self):
        self.assertEqual(package().read_bytes(), built.build("second").read_bytes())

    def test_no_path_of_the_build_is_in_it(self):
        for path in unpacked().rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                data = gzip.decompress(data) if path.suffix == ".gz" else data
                for place in (built.BUILD, SOURCE):
                    self.assertFalse(str(place).encode() in data, f"{place} is in {path}")


class Control(unittest.TestCase):
    def test_name_section_and_architecture(self):
        found = fields()
        architecture = run("dpkg", "--print-architecture").strip()
        self.assertEqual((found["Package"], found["Section"], found["Architecture"]),
                         ("ferrule", "net", architecture))

    def test_the_version_is_the_projects(self):
        project = re.search(r"VERSION (\d+\.\d+\.\d+)",
                            (SOURCE / "CMakeLists.txt").read_text()).group(1)
        self.assertRegex(fields()["Version"], rf"^{re.escape(project)}(~git\d+\.\w+)?-[\w.]+(~\w+)?$")
        program = run(unpacked() / "usr/bin/ferrule", "version")
        self.assertTrue(program.startswith(f"ferrule {project} "), program)

    def test_a_build_before_a_release_is_older_than_it(self):
        version = fields()["Version"]
        if "~git" in version:
            run("dpkg", "--compare-versions", version, "lt", version.split("~git")[0])

    def test_the_change_logs_say_the_same_version(self):
        path = unpacked() / DOCUMENTS[1:] / "changelog.Debian.gz"
        text = gzip.decompress(path.read_bytes()).decode()
        self.assertTrue(text.startswith(f"ferrule ({fields()['Version']}) "), text)
        self.assertIn(f" -- {fields()['Maintainer']}  ", text)
        project = gzip.decompress((path.parent / "changelog.gz").read_bytes())
        self.assertEqual(project, (SOURCE / "CHANGELOG.md").read_bytes())

    def test_it_depends_on_the_libraries_that_it_loads(self):
        """Each NEEDED library is of a package that is named, in a version that is there."""
        depends = [re.split(r"[ |]", each, maxsplit=1)[0] for each in fields()["Depends"].split(", ")]
        text = run("readelf", "--dynamic", unpacked() / "usr/bin/ferrule")
        needed = [name for name in re.findall(r"NEEDED.*\[(.+)\]", text) if "ld-linux" not in name]
        self.assertGreater(len(needed), 5)
        provided = run("dpkg-query", "--show", "--showformat",
                       "${db:Status-Abbrev} ${Package} ${Provides}\n")
        installed = {word.strip(",").split(":")[0]: line.split()[1]
                     for line in provided.splitlines() if line.startswith("ii")
                     for word in line.split()[1:]}
        named = {installed.get(name) for name in depends}
        triplet = run("dpkg-architecture", "--query", "DEB_HOST_MULTIARCH").strip()
        for library in needed:
            owner = run("dpkg", "--search", f"*/{triplet}/{library}").split(":")[0]
            with self.subTest(library=library):
                self.assertIn(owner, named)

    def test_versions_of_libraries_are_lower_bounds(self):
        bounds = re.findall(r"(\S+) \((\S+) ([^)]+)\)", fields()["Depends"])
        self.assertTrue({"libc6", "libssl3", "libstdc++6"} <= {name for name, _, _ in bounds})
        for name, relation, version in bounds:
            with self.subTest(name=name):
                self.assertEqual(relation, ">=")
                here = run("dpkg-query", "--show", "--showformat", "${Version}", name)
                run("dpkg", "--compare-versions", here, "ge", version)

    def test_the_description_is_well_formed(self):
        lines = run("dpkg-deb", "--field", package(), "Description").splitlines()
        self.assertTrue(0 < len(lines[0]) <= 80 and not lines[0].endswith("."), lines[0])
        for line in lines[1:]:
            self.assertRegex(line, r"^ ([A-Za-z].*|\.)$")

    def test_lintian_has_nothing_to_say(self):
        output = run("lintian", "--allow-root", "--fail-on", "error,warning", package())
        self.assertEqual(output, "")

    def test_scripts_are_for_any_shell(self):
        for name in ("postinst", "prerm", "postrm"):
            run("dash", "-n", unpacked() / "DEBIAN" / name)
            self.assertTrue((unpacked() / "DEBIAN" / name).read_text().startswith("#!/bin/sh\n"))

    def test_scripts_refuse_what_they_do_not_know(self):
        for name in ("postinst", "prerm", "postrm"):
            self.assertIn("does not know the argument 'dance'",
                          run("sh", unpacked() / "DEBIAN" / name, "dance", expect=1))
