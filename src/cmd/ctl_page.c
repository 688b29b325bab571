/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of the pages that rotactl writes; what stands in them is their verbs'. */
#include "cmd/ctl_page.h"

#include "cmd/ctl_file.h"

static const char style[] =
    "<style>:root{--bg:#fff;--fg:#1b1f24;--dim:#5b6570;--line:#d5dae0;--away:#c2410c;--k0:#93b4d6;"
    "--k1:#5b8f6b;--k2:#b08bc9;--k3:#c9a24b}"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e6e9ec;--dim:#9aa4af;--line:#"
    "363d45;"
    "--away:#f97316;--k0:#3f6289;--k1:#3f7a52;--k2:#7d5a99;--k3:#8d7029}}"
    "body{background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif;max-width:1000px;"
    "margin:2rem auto;padding:0 1rem}h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;"
    "margin:2rem 0 .5rem}p{max-width:46rem}table{border-collapse:collapse;width:100%;"
    "font-variant-numeric:tabular-nums}th,td{text-align:left;padding:.3rem .9rem .3rem 0;"
    "border-bottom:1px solid var(--line)}th{font-weight:600}.dim{color:var(--dim)}"
    ".bad{font-weight:700}svg{width:100%;height:auto;display:block}svg text{font-size:13px;"
    "fill:var(--fg)}svg .dim{fill:var(--dim)}</style>\n";

void page_text(struct buf *b, const char *z)
{
	for (; *z; z++) {
		switch (*z) {
		case '<':
			buf_adds(b, "&lt;");
			break;
		case '>':
			buf_adds(b, "&gt;");
			break;
		case '&':
			buf_adds(b, "&amp;");
			break;
		case '"':
			buf_adds(b, "&quot;");
			break;
		default:
			buf_addc(b, *z);
		}
	}
}

void page_cell(struct buf *b, const char *z)
{
	buf_adds(b, "<td>");
	page_text(b, z);
}

void page_begin(struct buf *b, const char *title)
{
	buf_adds(b, "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' "
		    "content='width=device-width'><title>");
	page_text(b, title);
	buf_addf(b, "</title>\n%s<h1>", style);
	page_text(b, title);
	buf_adds(b, "</h1>\n");
}

void page_end(struct buf *b)
{
	buf_adds(b, "</html>\n");
}

bool page_write(const struct buf *page, const char *path, struct err *err)
{
	if (!buf_ok(page, err))
		return false;
	return ctl_write_new(path, buf_str(page), 0644, err) ||
	       err_in(err, "writing the page into a new file");
}
