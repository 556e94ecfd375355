/** Hours of calling as people write them: `09:00-12:00, 14:00-20:00`; a dash alone means closed. Pure. */

const SPAN = /^([01]?\d|2[0-4]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)$/;

export function spansOf(text: string): string[] {
  if (["-", "—", "–"].includes(text.trim())) return [];
  return text
    .replace(/[：]/g, ":")
    .replace(/\s*[-–—~至]\s*/g, "-")
    .split(/[,，;；、\s]+/)
    .filter(Boolean)
    .map((span) => span.replace(/(^|-)(\d):/g, "$10$2:"));
}

/** Is every span a span, its start before its end? */
export function areSpans(text: string): boolean {
  return spansOf(text).every((span) => {
    const found = SPAN.exec(span);
    if (!found) return false;
    const [start, end] = span.split("-") as [string, string];
    return start < end;
  });
}

/** Do all of them lie inside `outer`, a span itself? */
export function within(text: string, outer: string): boolean {
  const [first, last] = outer.split("-") as [string, string];
  return spansOf(text).every((span) => {
    const [start, end] = span.split("-") as [string, string];
    return start >= first && end <= last;
  });
}
