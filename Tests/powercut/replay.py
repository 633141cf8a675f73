#!/usr/bin/env python3
"""Makes what a power cut would leave of a directory that powercut.c watched.

    replay.py LOG OUT [--at RECORD | --time NANOSECONDS] [--seed N] [--keep none|all|random]

The cut comes after record RECORD, or after the last one up to a moment of the monotonic clock, or
at the end of the log. What was synced is there. Of what was not, by `--keep`, nothing, everything,
or a random choice is: each write alone, and of a write each sector of 512 bytes alone, as disks do
that reorder. A file's name is durable when its directory was synced, not before.
"""

import argparse
import os
import random
import struct

CREATE, SNAPSHOT, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, UNLINK, RENAME, DIRECTORY = range(1, 10)
HEADER = struct.Struct("<IIQQQQ")
SECTOR = 512


class Record:
    """One call to the file system."""

    __slots__ = ("operation", "process", "inode", "time", "offset", "payload")

    def __init__(self, header, payload):
        self.operation, self.process, self.inode, self.time, self.offset, _ = header
        self.payload = payload


def read_log(path):
    """All whole records; the last one may have been cut off with its process."""
    with open(path, "rb") as file:
        content = file.read()
    records, position = [], 0
    while position + HEADER.size <= len(content):
        header = HEADER.unpack_from(content, position)
        start = position + HEADER.size
        if start + header[5] > len(content):
            break
        records.append(Record(header, content[start : start + header[5]]))
        position = start + header[5]
    return records


class File:
    """What is certain of a file, and the changes since, oldest first."""

    def __init__(self, durable=b""):
        self.durable = bytearray(durable)
        self.pending = []  # (number of the record, offset, bytes), or bytes None to cut there

    def settle(self, before):
        """A sync that began at record `before` has ended."""
        for _, offset, data in (change for change in self.pending if change[0] < before):
            change_content(self.durable, offset, data)
        self.pending = [change for change in self.pending if change[0] >= before]

    def after_cut(self, keeps):
        content = bytearray(self.durable)
        for _, offset, data in self.pending:
            if data is None:
                if keeps():
                    change_content(content, offset, None)
                continue
            for start, end in sectors(offset, len(data)):
                if keeps():
                    change_content(content, offset + start, data[start:end])
        return content


def change_content(content, offset, data):
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    content.extend(bytes(max(0, offset + len(data) - len(content))))
    content[offset : offset + len(data)] = data


def sectors(offset, length):
    """The parts of a write that reach the disk together."""
    start = 0
    while start < length:
        end = min(length, start + SECTOR - (offset + start) % SECTOR)
        yield start, end
        start = end


class Disk:
    """The watched directory, record after record."""

    def __init__(self):
        self.files = {}  # by inode number: the file that has it now
        self.names = {}  # durable names
        self.pending = []  # (number, path, file or None): changes of names
        self.current = {}  # names as the process sees them
        self.directories = {}
        self.begun = {}
        self.number = 0

    def take(self, record):
        self.number += 1
        operation, inode = record.operation, record.inode
        if operation == CREATE:
            self.files[inode] = File()
            self._name(record.payload, self.files[inode])
        elif operation == SNAPSHOT:
            path, content = record.payload.split(b"\0", 1)
            self.files[inode] = File(content)
            self.names[path] = self.current[path] = self.files[inode]
        elif operation == WRITE:
            self.files[inode].pending.append((self.number, record.offset, record.payload))
        elif operation == TRUNCATE:
            self.files[inode].pending.append((self.number, record.offset, None))
        elif operation == SYNC_BEGIN:
            self.begun[record.process, record.offset] = self.number
        elif operation == SYNC_END:
            self._synced(inode, self.begun.pop((record.process, record.offset)))
        elif operation == UNLINK:
            self._name(record.payload, None)
        elif operation == RENAME:
            old, new = record.payload.split(b"\0")
            file = self.current[old]
            self._name(new, file)
            self._name(old, None)
        elif operation == DIRECTORY:
            self.directories[inode] = record.payload
        else:
            raise ValueError(f"record {self.number}: no operation {operation}")

    def _name(self, path, file):
        self.pending.append((self.number, path, file))
        if file is None:
            self.current.pop(path, None)
        else:
            self.current[path] = file

    def _synced(self, inode, before):
        directory = self.directories.get(inode)
        if directory is None:
            self.files[inode].settle(before)
            return
        left = []
        for number, path, file in self.pending:
            if number < before and os.path.dirname(path) == directory:
                change_name(self.names, path, file)
            else:
                left.append((number, path, file))
        self.pending = left

    def after_cut(self, keep="random", seed=0):
        """The files that are left, by path."""
        chance = random.Random(seed)
        # Half of the cuts lose about half, the others nearly nothing or nearly everything.
        share = chance.choice([0.05, 0.5, 0.5, 0.95])
        keeps = {
            "none": lambda: False,
            "all": lambda: True,
            "random": lambda: chance.random() < share,
        }[keep]
        names = dict(self.names)
        for _, path, file in self.pending:
            if keeps():
                change_name(names, path, file)
        return {path: file.after_cut(keeps) for path, file in sorted(names.items())}


def change_name(names, path, file):
    if file is None:
        names.pop(path, None)
    else:
        names[path] = file


def write_files(files, out):
    """Puts the files of one cut into a directory, by their last names."""
    os.makedirs(out, exist_ok=True)
    for path, content in files.items():
        with open(os.path.join(out, os.path.basename(os.fsdecode(path))), "wb") as file:
            file.write(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log")
    parser.add_argument("out")
    parser.add_argument("--at", type=int, help="records before the cut")
    parser.add_argument("--time", type=int, help="monotonic nanoseconds of the cut")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", choices=["none", "all", "random"], default="random")
    options = parser.parse_args()
    disk = Disk()
    for record in read_log(options.log)[: options.at]:
        if options.time is not None and record.time > options.time:
            break
        disk.take(record)
    write_files(disk.after_cut(options.keep, options.seed), options.out)
    print(f"cut after record {disk.number}")


if __name__ == "__main__":
    main()
