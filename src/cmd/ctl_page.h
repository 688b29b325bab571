/* SPDX-License-Identifier: Apache-2.0 */
/* Pages that rotactl writes for people who would rather look, and for tickets: one file, no script,
 * nothing fetched, light and dark. */
#ifndef CMD_CTL_PAGE_H
#define CMD_CTL_PAGE_H

#include "base/buf.h"
#include "base/err.h"

/* The head, with the title as its heading as well. */
void page_begin(struct buf *page, const char *title);
void page_end(struct buf *page);
/* A text of anybody's, so that it stays text. */
void page_text(struct buf *page, const char *z);
void page_cell(struct buf *page, const char *z); /* <td> and the text */
/* Write it into a new file. Errors: ERR_SYSTEM (also when there is one), ERR_MEMORY, ERR_LIMIT. */
MUST_CHECK bool page_write(const struct buf *page, const char *path, struct err *err);

#endif
