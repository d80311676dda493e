#!/usr/bin/env python3
"""ansi2svg.py [TITLE] <SCREEN >PICTURE.svg

A terminal's screen, as `tmux capture-pane -e -p -N` or `fsplab ctl STUDY screen --color` print it, as an SVG. Text stays text in
the reader's fixed-width font, stretched to the grid; frames, blocks and braille are drawn, since fonts differ in them. Whatever has
one colour becomes one path, which keeps a heat map small.
"""
import re, sys, unicodedata
from collections import defaultdict
from html import escape

W, H, PAD = 8, 16, 12  # of a cell; around the screen
FG, BG = "d4d4d4", "101014"
BASE = ("1e1e1e cd3131 0dbc79 e5e510 2472c8 bc3fbc 11a8cd e5e5e5 "
        "666666 f14c4c 23d18b f5f543 3b8eea d670d6 29b8db ffffff").split()
# Arms of a line from the cell's middle: left, right, up, down.
LINES = {c: a for c, a in zip("─│╭╮╰╯┌┐└┘├┤┬┴┼╴╶╵╷━┃", (
    "lr ud rd ld ru lu rd ld ru lu rud lud lrd lru lrud l r u d lr ud").split())}
DASHES = {"┈": (4, 1), "┅": (3, 2), "┄": (3, 1), "╌": (2, 1), "╍": (2, 2), "╸": (0, 2), "╺": (0, 2), "┊": (0, 1), "┆": (0, 1)}
QUADRANTS = dict(zip("▘▝▀▖▌▞▛▗▚▐▜▄▙▟█", (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)))


def palette(n):
    if n < 16:
        return BASE[n]
    if n < 232:
        return "".join("%02x" % (0 if v == 0 else 55 + 40 * v) for v in ((n - 16) // 36, (n - 16) // 6 % 6, (n - 16) % 6))
    return "%02x" % (8 + 10 * (n - 232)) * 3


def dimmed(colour, ground):
    return "".join("%02x" % ((2 * int(colour[i:i + 2], 16) + int(ground[i:i + 2], 16)) // 3) for i in (0, 2, 4))


class Pen:
    def __init__(self):
        self.fg, self.bg, self.on = None, None, set()

    def sgr(self, codes):
        p = [int(x or 0) for x in re.split("[;:]", codes)]
        while p:
            n = p.pop(0)
            if n in (38, 48) and p:
                kind = p.pop(0)
                colour = palette(p.pop(0)) if kind == 5 else "%02x%02x%02x" % (p.pop(0), p.pop(0), p.pop(0))
                self.fg, self.bg = (colour, self.bg) if n == 38 else (self.fg, colour)
            elif n == 0:
                self.__init__()
            elif n in (1, 2, 3, 4, 7):
                self.on.add(n)
            elif n in (22, 23, 24, 27):
                self.on -= {1, 2} if n == 22 else {n - 20}
            elif n in (39, 49):
                self.fg, self.bg = (None, self.bg) if n == 39 else (self.fg, None)
            elif 30 <= n % 60 <= 37 or 40 <= n % 60 <= 47:
                colour = BASE[n % 10 + (8 if n >= 90 else 0)]
                self.fg, self.bg = (colour, self.bg) if n % 60 < 40 else (self.fg, colour)

    def look(self):
        fg, bg = self.fg or FG, self.bg or BG
        fg, bg = (bg, fg) if 7 in self.on else (fg, bg)
        return dimmed(fg, bg) if 2 in self.on else fg, bg, 1 in self.on


def cells(line, pen):
    column = 0
    for codes, other, text in re.findall(r"\x1b\[([0-9;:]*)m|(\x1b\[[0-9;?]*[A-Za-z]|\x1b[()].|[\x0e\x0f\r])|([^\x1b\x0e\x0f\r]+)", line):
        if not (other or text):
            pen.sgr(codes)
        for c in text:
            width = 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
            yield column, width, c, pen.look()
            column += width


def shape(c):
    """Rectangles x, y, w, h in the cell, or None where the character is left to the font."""
    if c in QUADRANTS:
        return [(W // 2 * (k % 2), H // 2 * (k // 2), W // 2, H // 2) for k in range(4) if QUADRANTS[c] >> k & 1]
    code = ord(c)
    if 0x2581 <= code <= 0x2587:
        return [(0, H - 2 * (code - 0x2580), W, 2 * (code - 0x2580))]
    if 0x2589 <= code <= 0x258F:
        return [(0, 0, 0x2590 - code, H)]
    if 0x2800 <= code <= 0x28FF:
        places = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
        return [(1 + 4 * x, 1 + 4 * y, 2, 2) for k, (x, y) in enumerate(places) if (code - 0x2800) >> k & 1]
    if c in DASHES:
        n, thick = DASHES[c]
        if c in "╸╺":
            return [(0 if c == "╸" else W // 2, H // 2 - 1, W // 2, thick)]
        if c in "┊┆":
            return [(W // 2, y, thick, 2) for y in range(1, H, 4)]
        return [(k * W // n, H // 2 - thick // 2, W // n - 1, thick) for k in range(n)]
    if c in LINES:
        t = 2 if c in "━┃" else 1
        arms = {"l": (0, 8, 4 + t, t), "r": (4, 8, 4, t), "u": (4, 0, t, 8 + t), "d": (4, 8, t, 8)}
        return [arms[a] for a in LINES[c]]
    return None


def main():
    lines = sys.stdin.buffer.read().decode("utf-8", "replace").rstrip("\n").split("\n")
    pen = Pen()  # tmux lets a colour go on into the next line
    rows = [list(cells(line, pen)) for line in lines]
    columns = max((c[0] + c[1] for row in rows for c in row), default=1)
    grounds, drawn, texts = defaultdict(list), defaultdict(list), []
    for y, row in enumerate(rows):
        run = None  # x, end, text, colour, bold
        last = None  # of the ground: colour, x, end
        for x, width, c, (fg, bg, bold) in row:
            if last and last[0] == bg and last[2] == x:
                last[2] = x + width
            else:
                last = [bg, x, x + width]
                grounds[bg].append((last, y))
            rects = shape(c)
            if rects is not None:
                drawn[fg] += [(x * W + rx, y * H + ry, w, h) for rx, ry, w, h in rects]
            if rects is not None or c == " ":
                continue
            if run and run[1] == x and run[3:] == [fg, bold]:
                run[1:3] = x + width, run[2] + c
            else:
                run = [x, x + width, c, fg, bold]
                texts.append((run, y))
    box = lambda x, y, w, h: "M%d %dh%dv%dh%dz" % (x, y, w, h, -w)
    title = escape(sys.argv[1] if len(sys.argv) > 1 else "a screen of fsplab")
    w, h = columns * W + 2 * PAD, len(rows) * H + 2 * PAD
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="%d %d %d %d" role="img"><title>%s</title>'
           % (w, h, -PAD, -PAD, w, h, title),
           '<rect x="%d" y="%d" width="%d" height="%d" rx="8" fill="#%s"/>' % (-PAD, -PAD, w, h, BG), '<g shape-rendering="crispEdges">']
    for colour, runs in grounds.items():
        if colour != BG:
            out.append('<path fill="#%s" d="%s"/>' % (colour, "".join(box(r[1] * W, y * H, (r[2] - r[1]) * W, H) for r, y in runs)))
    for colour, rects in drawn.items():
        out.append('<path fill="#%s" d="%s"/>' % (colour, "".join(box(*r) for r in rects)))
    out.append('</g><g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,\'DejaVu Sans Mono\',monospace" font-size="13">')
    for (x, end, text, fg, bold), y in texts:
        out.append('<text x="%d" y="%d" textLength="%d" lengthAdjust="spacingAndGlyphs" fill="#%s"%s>%s</text>' % (
            x * W, y * H + 12, (end - x) * W, fg, ' font-weight="bold"' if bold else "", escape(text)))
    print("\n".join(out + ["</g></svg>"]))


main()
