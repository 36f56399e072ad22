"""Writes the bill of materials of a file, as CycloneDX 1.5, and checks what it wrote.

usage: bom.py VERSION FILE ROOT OUTPUT [STATUS]

ROOT is the folder of which FILE was made. The components are its files with their sums, and the
Debian packages whose libraries its programs are linked to; where STATUS names a file of dpkg's, as
for an image, all packages that it says are installed.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import uuid


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def files(root):
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not os.path.islink(path) and os.path.isfile(path):
                yield path


def needed(path):
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return set()
    text = subprocess.run(["readelf", "-d", path], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", text))


def packages(libraries):
    """The Debian packages of libraries, with the versions that were linked."""
    found = {}
    # It need not be in PATH but for root.
    cache = subprocess.run(["/sbin/ldconfig", "-p"], check=True, capture_output=True, text=True).stdout
    for library in libraries:
        match = re.search(rf"^\s*{re.escape(library)} .*=> (\S+)$", cache, re.M)
        if not match:
            sys.exit(f"bom.py: {library} is not installed here")
        path = os.path.realpath(match[1])
        for place in (path, path.removeprefix("/usr")):
            asked = subprocess.run(["dpkg-query", "-S", place], capture_output=True, text=True)
            if asked.returncode == 0:
                break
        else:
            sys.exit(f"bom.py: no package has {path}")
        name = asked.stdout.split(":")[0]
        shown = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", name], check=True, capture_output=True, text=True
        )
        found[name] = shown.stdout
    return found


def installed(status):
    """The Debian packages that dpkg has installed, with their versions."""
    with open(status, encoding="utf-8") as file:
        entries = [dict(re.findall(r"^([\w-]+): (.*)$", entry, re.M)) for entry in file.read().split("\n\n")]
    return {
        entry["Package"]: entry["Version"]
        for entry in entries
        if entry.get("Status", "").endswith(" installed") and entry["Package"] != "tranche"
    }


def main(version, path, root, output, status=None):
    libraries = set()
    components = []
    for file in files(root):
        libraries |= needed(file)
        components.append({
            "type": "file",
            "bom-ref": "file:" + os.path.relpath(file, root),
            "name": os.path.relpath(file, root),
            "hashes": [{"alg": "SHA-256", "content": digest(file)}],
        })
    found = installed(status) if status else packages(libraries)
    for name, number in sorted(found.items()):
        components.append({
            "type": "library",
            "bom-ref": f"pkg:deb/debian/{name}@{number}",
            "name": name,
            "version": number,
            "purl": f"pkg:deb/debian/{name}@{number}?distro=debian-12",
        })
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    total = digest(path)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # The same file has the same number.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, total)}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
            "component": {
                "type": "application",
                "bom-ref": "tranche",
                "name": os.path.basename(path),
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "hashes": [{"alg": "SHA-256", "content": total}],
            },
        },
        "components": components,
        "dependencies": [
            {
                "ref": "tranche",
                "dependsOn": [entry["bom-ref"] for entry in components],
            }
        ],
    }
    with open(output, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2, sort_keys=False)
        file.write("\n")


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    main(*sys.argv[1:])
