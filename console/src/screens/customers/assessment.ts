/** What the server's judgement of a customer holds, as far as it is shown; older judgements lack parts. Pure. */

type Json = Record<string, unknown>;

export type Evidence = { at: string | null; words: string };
export type Assessment = {
  days: number | null;
  evidence: Evidence[];
  probability: number | null;
  because: string;
  figures: string;
};

export function assessmentOf(value: Json): Assessment {
  const silence = object(value.silence);
  const score = object(value.score);
  const evidence = Array.isArray(value.evidence) ? value.evidence.map(object) : [];
  return {
    days: number(silence.days),
    evidence: evidence.map((each) => ({ at: text(each.at) || null, words: text(each.words) })),
    probability: number(score.probability),
    because: text(score.because),
    figures: plainly(value.rfm),
  };
}

function plainly(value: unknown): string {
  if (typeof value === "string") return value;
  return Object.entries(object(value))
    .filter(([, each]) => each !== null && each !== "")
    .map(([name, each]) => `${name} ${each}`)
    .join("，");
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
