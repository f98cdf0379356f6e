"""A clean Debian system in a folder, made from the package sources that this machine itself uses."""

import os
import shutil
import stat

from .built import fields, folder, run

# Where dpkg, apt and the clock leave their traces in any case, and the users: these stay.
NOT_COMPARED = ("/dev", "/proc", "/sys", "/run", "/tmp", "/root", "/var/lib/dpkg", "/var/lib/apt",
                "/var/cache", "/var/log")


def sources():
    """Lines for sources.list: what this machine's apt has of Debian's own release."""
    wanted = ("--format", "deb $(REPO_URI) $(RELEASE) $(COMPONENT)")
    lines = run("apt-get", "indextargets", *wanted, "Created-By: Packages", "Origin: Debian")
    return "\n".join(sorted(set(lines.splitlines()))) + "\n"


class Chroot:
    """Made with everything that the package depends on, but without the package."""

    def __init__(self):
        self.root = folder() / "system"
        listed = folder() / "sources.list"
        listed.write_text(sources())
        codename = run("sh", "-c", '. /etc/os-release && echo "$VERSION_CODENAME"').strip()
        # systemd as such, for `systemctl enable`; the lists stay, for what apt installs below.
        more = ",ca-certificates" if "https:" in listed.read_text() else ""
        run("mmdebstrap", "--quiet", "--variant=minbase", f"--include=systemd{more}",
            "--skip=cleanup/apt/lists", "--aptopt=Acquire::Languages \"none\"", codename, self.root,
            listed)
        self("apt-get", "-qq", "satisfy", "--yes", "--no-install-recommends", fields()["Depends"])

    def __call__(self, *command, **options):
        """Output of a command inside, in a process namespace of its own."""
        return run("unshare", "--mount", "--pid", "--fork", "--kill-child",
                   f"--mount-proc={self.root}/proc", "chroot", self.root, "/usr/bin/env", "-i",
                   "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                   "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", *command, **options)

    def path(self, name):
        return self.root / str(name).lstrip("/")

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def give(self, file):
        """Copies a file in; returns its path there."""
        shutil.copy(file, self.path("/root"))
        return f"/root/{file.name}"

    def mode(self, name):
        """As `ls` has it, with owner and group as the system inside calls them."""
        return self("stat", "--format=%A %U:%G", name).strip()

    def listing(self):
        """Path -> what it is, for everything that an installation could have left behind."""
        found = {}
        for place, folders, names in os.walk(self.root):
            inside = "/" + os.path.relpath(place, self.root).removeprefix(".")
            folders[:] = [name for name in folders
                          if os.path.join(inside, name) not in NOT_COMPARED]
            for name in folders + names:
                path = os.path.join(place, name)
                info = os.lstat(path)
                what = [stat.filemode(info.st_mode), info.st_uid, info.st_gid]
                if stat.S_ISLNK(info.st_mode):
                    what.append(os.readlink(path))
                elif stat.S_ISREG(info.st_mode) and not inside.startswith("/etc"):
                    what.append(info.st_size)
                found[os.path.join(inside, name)] = what
        return found
