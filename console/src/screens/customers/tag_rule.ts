/** What a tag's rule says, without the numbers by which the project's own pages list rules. */
export function withoutNumbers(rule: string): string {
  return rule.replace(/[（(][RC]\d+[^）)]*[）)]/gu, "").trim();
}
