const BROWSERS: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\/(\d+)/, "Edge"],
  [/\bFirefox\/(\d+)/, "Firefox"],
  [/\b(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/, "Chrome"],
  [/\bVersion\/(\d+).*Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
];

/** A browser and its system by the names people know, from what it says of itself; that itself where unknown. */
export function browserOf(agent: string): string {
  const browser = BROWSERS.map(([said, name]) => {
    const found = said.exec(agent);
    return found && `${name} ${found[1]}`;
  }).find(Boolean);
  const system = SYSTEMS.find(([said]) => said.test(agent))?.[1];
  return [browser, system].filter(Boolean).join(" · ") || agent;
}
