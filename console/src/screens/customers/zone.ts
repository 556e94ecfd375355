/** A time zone as people call it; its identifier where the browser does not know it. */
export function zoneName(zone: string | null, language: string): string | null {
  if (!zone) return null;
  try {
    const parts = new Intl.DateTimeFormat(language, { timeZone: zone, timeZoneName: "long" }).formatToParts();
    return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
  } catch {
    return zone;
  }
}
