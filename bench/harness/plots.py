"""Bars as SVG, with nothing but the standard library; it looks as what `brume bench paper` draws."""
from xml.sax.saxutils import escape

COLOURS = ["#1f6f8b", "#9aa5b1", "#e0a458", "#5b8c5a", "#b56576", "#6d597a", "#355070", "#c9ada7", "#84a98c", "#444444",
           "#d9c27e"]
ROW, LEFT, WIDTH, TOP, BOTTOM = 26, 390, 560, 70, 60


def words(x, y, text, style=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(str(text))}</text>\n'


def box(x, y, width, height, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" fill="{colour}"/>\n'


def line(x1, y1, x2, y2, colour="#111"):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>\n'


def sheet(title, height, body, note=""):
    width = LEFT + WIDTH + 110
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="13" fill="#111">\n'
            '<style>.small{font-size:11px}</style>\n<rect width="100%" height="100%" fill="#fff"/>\n'
            + words(16, 28, title, 'font-size="16" font-weight="bold"') + body
            + words(16, height - 12, note, 'class="small"') + "</svg>\n")


def step_of(most):
    """1, 2 or 5 times a power of ten: four to ten ticks."""
    power = 1e-9
    while power * 10 <= most / 5:
        power *= 10
    ratio = most / 5 / power
    return power * (10 if ratio > 5 else 5 if ratio > 2 else 2 if ratio > 1 else 1)


def axis(most, height, unit):
    out, step, at = "", step_of(most), 0.0
    while at <= most * 1.0001:
        x = LEFT + WIDTH * at / most
        out += line(x, TOP - 6, x, height - BOTTOM, "#ddd" if at else "#333")
        out += words(x, height - BOTTOM + 16, f"{at:g}", 'text-anchor="middle" class="small"')
        at = round(at + step, 10)
    return out + words(LEFT + WIDTH / 2, height - BOTTOM + 32, unit, 'text-anchor="middle" class="small"')


def bars(path, title, rows, unit="seconds", note="bars: median; whiskers: least and most"):
    """rows: (label, values, colour number)."""
    rows = [row for row in rows if row[1]]
    if not rows:
        return
    most = 1.05 * max(max(values) for _, values, _ in rows) or 1
    height = TOP + ROW * len(rows) + BOTTOM
    body = axis(most, height, unit)
    for i, (label, values, colour) in enumerate(rows):
        y, middle = TOP + ROW * i, sorted(values)[len(values) // 2]
        body += words(LEFT - 8, y + 15, label, 'text-anchor="end" class="small"')
        body += box(LEFT, y + 3, WIDTH * middle / most, ROW - 8, COLOURS[colour % len(COLOURS)])
        left, right = (LEFT + WIDTH * end / most for end in (min(values), max(values)))
        body += line(left, y + ROW / 2 - 1, right, y + ROW / 2 - 1) + line(left, y + 6, left, y + ROW - 8)
        body += line(right, y + 6, right, y + ROW - 8)
        body += words(right + 6, y + 15, f"{middle:.3g}", 'class="small"')
    path.write_text(sheet(title, height, body, note))


def stacks(path, title, rows, note=""):
    """rows: (label, {part: share}), shares of one row together 1."""
    parts = list(dict.fromkeys(part for _, shares in rows for part in shares))
    tall = 2 * ROW
    height = TOP + tall * len(rows) + BOTTOM + 18 * ((len(parts) + 4) // 5)
    body = ""
    for i, (label, shares) in enumerate(rows):
        y, at = TOP + tall * i, 0.0
        body += words(LEFT - 8, y + 24, label, 'text-anchor="end"')
        for part in parts:
            share = shares.get(part, 0)
            body += box(LEFT + WIDTH * at, y + 4, WIDTH * share, tall - 12, COLOURS[parts.index(part) % len(COLOURS)])
            if share >= 0.04:
                body += words(LEFT + WIDTH * (at + share / 2), y + 26, f"{100 * share:.0f} %",
                              'text-anchor="middle" class="small" fill="#fff"')
            at += share
    for i, part in enumerate(parts):
        x, y = 16 + 190 * (i % 5), TOP + tall * len(rows) + 10 + 18 * (i // 5)
        body += box(x, y, 12, 12, COLOURS[i % len(COLOURS)]) + words(x + 18, y + 11, part, 'class="small"')
    path.write_text(sheet(title, height, body, note))
