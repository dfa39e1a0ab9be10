#!/usr/bin/env python3
"""Turns the built web application (web/dist) into one C file: a table of `struct http_asset`, sorted by path,
each file raw and, where it pays, as gzip -9 and brotli -q 11.

Without a built application one plain page takes its place, so the C build never breaks. The output is written
only when it changes, and a depfile names every file that was read, so ninja builds again exactly when needed.
The description of the API comes along as ui_openapi().

usage: embed_ui.py DIST OPENAPI.yaml OUTPUT.c DEPFILE
"""

import gzip
import hashlib
import mimetypes
import os
import re
import subprocess
import sys

TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.ico': 'image/x-icon',
    '.js': 'text/javascript; charset=utf-8',
    '.json': 'application/json',
    '.png': 'image/png',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain; charset=utf-8',
    '.webmanifest': 'application/manifest+json',
    '.woff2': 'font/woff2',
}
PACKED = {'.png', '.woff2', '.ico'}  # compressed already
NOT_SERVED = {'/assets/manifest.json'}  # the bundler's own notes
WORTH = 0.95  # a smaller saving is not worth a header
LINE = 96

FALLBACK = b"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>mAI</title></head>
<body>
<h1>mAI</h1>
<p>The server runs, but its web interface was not built. Run <code>./run build</code> and start it again.</p>
</body>
</html>
"""

HEAD = """/* Made by tools/embed_ui.py from the built web application. Not edited by hand, not committed. */
#include "ui/ui.h"

"""


def read_dist(dist):
    """{path: bytes} of everything that is served, and the files read."""
    if not os.path.isfile(os.path.join(dist, 'index.html')):
        return {'/index.html': FALLBACK}, []
    files, read = {}, []
    for folder, _, names in os.walk(dist):
        for name in names:
            full = os.path.join(folder, name)
            path = '/' + os.path.relpath(full, dist).replace(os.sep, '/')
            if path in NOT_SERVED:
                continue
            with open(full, 'rb') as f:
                files[path] = f.read()
            read.append(full)
    return files, read


def brotli(data):
    done = subprocess.run(['brotli', '-q', '11', '-c'], input=data, stdout=subprocess.PIPE, check=True)
    return done.stdout


def pack(path, data):
    """gzip and brotli forms, None where they do not pay."""
    if os.path.splitext(path)[1] in PACKED:
        return None, None
    limit = len(data) * WORTH
    forms = (gzip.compress(data, 9, mtime=0), brotli(data))
    return tuple(form if len(form) < limit else None for form in forms)


ESCAPES = {}
for byte in range(256):
    char = chr(byte)
    ESCAPES[byte] = char if 32 <= byte < 127 and char not in '"\\?' else '\\%03o' % byte


def c_bytes(name, data):
    """A string literal is read several times faster by compilers than a list of numbers."""
    text, line = [], ''
    for byte in data:
        line += ESCAPES[byte]
        if len(line) >= LINE:
            text.append(line)
            line = ''
    text.append(line)
    return 'static const char %s[] =\n%s;\n' % (name, '\n'.join('    "%s"' % part for part in text))


def content_type(path):
    extension = os.path.splitext(path)[1]
    return TYPES.get(extension) or mimetypes.guess_type(path)[0] or 'application/octet-stream'


def is_immutable(path):
    """The bundler names files under assets/ after their content."""
    return re.fullmatch(r'/assets/.+-[\w-]{8,}\.\w+', path) is not None


def view(name, data):
    return '{%s, %d}' % (name, len(data)) if data is not None else '{NULL, 0}'


def render(files):
    out, rows = [HEAD], []
    for number, path in enumerate(sorted(files, key=lambda p: p.encode())):
        raw = files[path]
        gz, br = pack(path, raw)
        forms = {'raw': raw, 'gzip': gz, 'brotli': br}
        names = {form: 'file_%d_%s' % (number, form) for form in forms}
        out += [c_bytes(names[form], data) for form, data in forms.items() if data is not None]
        etag = hashlib.sha256(raw).hexdigest()[:20]
        rows.append(
            '    {.path = STR_INIT("%s"), .content_type = STR_INIT("%s"), .etag = STR_INIT("\\"%s\\""),\n'
            '     .is_immutable = %s, .raw = %s,\n     .gzip = %s, .brotli = %s},\n'
            % (path, content_type(path), etag, 'true' if is_immutable(path) else 'false',
               view(names['raw'], raw), view(names['gzip'], gz), view(names['brotli'], br)))
    out.append('\nstatic const struct http_asset items[] = {\n%s};\n' % ''.join(rows))
    out.append('\nconst struct http_assets ui_assets = {items, sizeof(items) / sizeof(items[0])};\n')
    return ''.join(out)


def render_openapi(text):
    return '\n%s\nstr ui_openapi(void)\n{\n    return (str)%s;\n}\n' % (
        c_bytes('openapi', text), view('openapi', text))


def write_if_changed(path, text):
    if os.path.exists(path):
        with open(path, encoding='ascii') as f:
            if f.read() == text:
                return
    with open(path, 'w', encoding='ascii') as f:
        f.write(text)


def main(arguments):
    if len(arguments) != 4:
        print(__doc__.strip().splitlines()[-1], file=sys.stderr)
        return 2
    dist, openapi, output, depfile = arguments
    files, read = read_dist(dist)
    with open(openapi, 'rb') as f:
        description = f.read()
    write_if_changed(output, render(files) + render_openapi(description))
    # index.html is named even while it is absent: its arrival must start us again.
    needed = sorted(set(read) | {os.path.join(dist, 'index.html'), openapi})
    with open(depfile, 'w', encoding='utf-8') as f:
        f.write('%s: %s\n' % (output, ' '.join(name.replace(' ', '\\ ') for name in needed)))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
