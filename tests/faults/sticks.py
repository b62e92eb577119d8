"""A stick for tests: an image behind a loop device, with a real file system, that can be pulled, filled, write-protected
and altered behind the system's back. Root alone mounts one.

Pulled is ext4's own shutdown (the ioctl that xfstests uses): from then on every write, sync and new name fails with
EIO, and nothing that was not yet committed ever comes to the image. What is found after the next mount is what a stick
that was pulled at that moment has.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from pathlib import Path

MB = 2**20
EXT4_IOC_SHUTDOWN = 0x8004587D
"""`_IOR('X', 125, __u32)`, linux/fs/ext4/ext4.h."""
NO_LOG_FLUSH = 2


def missing() -> str:
    """Why this machine can mount no stick; empty where it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "a stick is mounted by root"
    for tool in ("mkfs.ext4", "mount", "umount", "losetup"):
        if shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
            return f"no {tool} on this machine"
    if not Path("/dev/loop-control").exists():
        return "no loop devices on this machine"
    return ""


class Stick:
    """An image in `folder`, mounted at `path`. `room`: bytes that the image really has; what is more it only claims."""

    def __init__(self, folder: Path, size: int = 16 * MB, room: int = 0, kind: str = "ext4") -> None:
        self.holder = folder / "holder"
        self.holder.mkdir(parents=True)
        self._small = False
        if room:
            run("mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", str(self.holder))
            self._small = True
        self.image = self.holder / "image"
        with self.image.open("wb") as file:
            file.truncate(size)
        self.kind = kind
        try:
            run(f"mkfs.{kind}", *(["-q", "-F", "-m", "0"] if kind == "ext4" else []), str(self.image))
            self.path = folder / "stick"
            self.path.mkdir()
            self.plug()
        except RuntimeError:
            self._let_go()
            raise

    def plug(self) -> None:
        """Put it in: the file system's own recovery runs, as it would anywhere."""
        run("mount", "-t", self.kind, "-o", "loop", str(self.image), str(self.path))

    def pull(self) -> None:
        """Take it out, now."""
        handle = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(handle)

    def again(self) -> None:
        """Out and in once more."""
        run("umount", str(self.path))
        self.plug()

    def vanish(self) -> None:
        """The mount point is an ordinary empty folder from now on; what is open stays open."""
        run("umount", "-l", str(self.path))

    def protect(self, *, on: bool) -> None:
        """The write-protect switch."""
        run("mount", "-o", "remount,ro" if on else "remount,rw", str(self.path))

    def fill(self) -> Path:
        """Until not a byte goes."""
        ballast = self.path / "ballast"
        with ballast.open("wb", buffering=0) as file:
            for size in (MB, 4_096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue
        return ballast

    def spoil(self, needle: bytes) -> int:
        """One bit of the image other than it was written, wherever `needle` lies; how many places there were."""
        data = self.image.read_bytes()
        at, found = data.find(needle), 0
        with self.image.open("rb+") as file:
            while at >= 0:
                found += 1
                file.seek(at + len(needle) // 2)
                file.write(bytes([data[at + len(needle) // 2] ^ 1]))
                at = data.find(needle, at + 1)
        return found

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.path)], capture_output=True)
        self._let_go()

    def _let_go(self) -> None:
        if self._small:
            subprocess.run(["umount", "-l", str(self.holder)], capture_output=True)


def run(*words: str) -> None:
    """A tool of the system. Raises `RuntimeError` with the first line of what it said."""
    made = subprocess.run([*words], capture_output=True, text=True, check=False)
    if made.returncode:
        raise RuntimeError(f"{words[0]}: {made.stderr.strip().partition(chr(10))[0]}")
