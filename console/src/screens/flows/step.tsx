import { Button, Tag } from "antd";
import { useTranslation } from "react-i18next";
import type { components } from "../../api/schema";
import { Label } from "../../parts/tags";
import { useLabel } from "../../words";
import type { Flow, Reaction, Said, Step } from "./queries";

type Condition = components["schemas"]["ConditionOut"];
type Kind = keyof typeof import("../../words/zh/flows").flows.kind;
type Do = keyof typeof import("../../words/zh/flows").flows.does;

/** What a step says and asks, and what follows from each answer. */
export function StepShown({
  flow,
  step,
  choose,
}: {
  flow: Flow;
  step: Step;
  choose: (step: string) => void;
}) {
  const { t } = useTranslation("flows");
  const { t: common } = useTranslation();
  const label = useLabel();
  return (
    <section aria-live="polite">
      <h2>
        {step.title} <span className="soft">{step.name}</span>
      </h2>
      {step.opens && <p className="soft">{t("opens")}</p>}
      {step.say.length > 0 && <Words title={t("says")} lines={step.say} findings={flow.findings} />}
      {step.question && (
        <Words
          title={common("behind", {
            text: t("asks"),
            more: t(`kind.${step.question_kind as Kind}`, { defaultValue: step.question_kind }),
          })}
          lines={[step.question]}
          findings={flow.findings}
        />
      )}
      {step.again && <Words title={t("again")} lines={[step.again]} findings={flow.findings} />}
      {(step.end || step.do) && (
        <p>
          {step.end && t("ends", { outcome: label("outcome", step.end) })}{" "}
          {step.do && t(`does.${step.do as Do}`, { defaultValue: step.do })}
        </p>
      )}
      {step.answers.length > 0 && (
        <>
          <h3>{t("answers")}</h3>
          {step.answers.map((reaction) => (
            <ReactionShown key={reaction.answer} reaction={reaction} flow={flow} choose={choose} />
          ))}
        </>
      )}
      {step.moods.length > 0 && (
        <>
          <h3>{t("moods")}</h3>
          {step.moods.map((mood) => (
            <div key={mood.emotion} className="flow-reaction">
              <Label of="emotion" name={mood.emotion} />
              <Variants lines={mood.say} findings={flow.findings} />
            </div>
          ))}
        </>
      )}
      {step.fills.length > 0 && (
        <p>
          {common("pair", {
            name: t("fills"),
            value: step.fills.map((slot) => flow.findings[slot] ?? slot).join(common("comma")),
          })}
        </p>
      )}
    </section>
  );
}

function Words({ title, lines, findings }: { title: string; lines: Said[]; findings: Flow["findings"] }) {
  return (
    <>
      <h3>{title}</h3>
      <Variants lines={lines} findings={findings} />
    </>
  );
}

export function Variants({ lines, findings = {} }: { lines: Said[]; findings?: Flow["findings"] }) {
  const { t } = useTranslation("flows");
  const label = useLabel();
  const condition = ({ name, among, known }: Condition): string => {
    const slot = name.replace(/^slot\./, "");
    const what = t(`conditions.${name.replace(".", "_") as "offer"}`, {
      defaultValue: findings[slot] ?? slot,
    });
    if (!known) return t("condition.lacks", { what });
    if (!among.length) return t("condition.has", { what });
    return t("condition.is", { what, values: among.map((each) => label("emotion", each)).join(t("or")) });
  };
  return (
    <ul className="flow-words" lang="zh">
      {lines.flatMap((line) =>
        line.variants.map((variant) => (
          <li key={`${line.name}${variant.text}`}>
            {variant.text}{" "}
            {variant.promises && (
              <Tag color="warning">{t("promises", { kind: label("promise", variant.promises) })}</Tag>
            )}
            {variant.only_if.length > 0 && (
              <span className="soft">
                {t("onlyIf", { conditions: variant.only_if.map(condition).join("；") })}
              </span>
            )}
          </li>
        )),
      )}
    </ul>
  );
}

export function ReactionShown({
  reaction,
  flow,
  choose,
}: {
  reaction: Reaction;
  flow: Flow;
  choose?: (step: string) => void;
}) {
  const { t } = useTranslation("flows");
  const label = useLabel();
  const target = flow.steps.find((step) => step.name === reaction.goto);
  const part = flow.parts.find((each) => each.name === reaction.call);
  return (
    <div className="flow-reaction">
      <div className="line">
        <Tag>{reaction.answer ? label("intent", reaction.answer) : t("otherAnswers")}</Tag>
        {reaction.goto &&
          (choose ? (
            <Button type="link" size="small" onClick={() => choose(reaction.goto)}>
              → {t("goes", { step: target?.title ?? reaction.goto })}
            </Button>
          ) : (
            <span>→ {t("goes", { step: target?.title ?? reaction.goto })}</span>
          ))}
        {reaction.call && <span>→ {t("enters", { part: part?.title ?? reaction.call })}</span>}
        {reaction.resume && <span>→ {t("resumes")}</span>}
        {reaction.do && <span>→ {t(`does.${reaction.do as Do}`, { defaultValue: reaction.do })}</span>}
        {reaction.end && <span>→ {t("ends", { outcome: label("outcome", reaction.end) })}</span>}
      </div>
      <Variants lines={reaction.say} findings={flow.findings} />
    </div>
  );
}
