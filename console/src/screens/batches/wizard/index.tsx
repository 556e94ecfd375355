import { Button, Card, Form, Steps } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Page } from "../../../parts/page";
import { Group } from "./group";
import { Look } from "./look";
import { Pace } from "./pace";
import { People } from "./people";
import { type Fields, firstFields, type Who } from "./plan";
import { Talk } from "./talk";

const STEPS = ["people", "group", "talk", "pace", "look"] as const;

/** From a list or segments to a launched batch; nobody is called before the last step. */
export function Wizard() {
  const { t } = useTranslation("wizard");
  const [step, setStep] = useState(0);
  const [who, setWho] = useState<Who>({ source: "upload", staged: null, taken: null, segments: [] });
  const [fields, setFields] = useState<Partial<Fields>>(firstFields);
  const [draft, setDraft] = useState("");
  const [form] = Form.useForm<Fields>();

  const back = () => {
    if (step === 2 || step === 3) setFields({ ...fields, ...form.getFieldsValue() });
    setStep(step - 1);
  };
  const filled = (values: Partial<Fields>) => {
    setFields({ ...fields, ...values });
    setStep(step + 1);
  };
  const next = step === 2 || step === 3 ? () => form.submit() : () => setStep(step + 1);

  return (
    <Page title={t("title")}>
      <Steps
        size="small"
        current={step}
        style={{ marginBottom: 16 }}
        items={STEPS.map((name) => ({ title: t(`steps.${name}`) }))}
      />
      <Card>
        {step === 0 && <People who={who} change={setWho} next={() => setStep(1)} />}
        {step === 1 && <Group who={who} change={setWho} />}
        {(step === 2 || step === 3) && (
          <Form
            form={form}
            layout="vertical"
            key={step}
            initialValues={{ ...fields, name: fields.name ?? nameOf(who) }}
            onFinish={filled}
            scrollToFirstError={{ focus: true }}
          >
            {step === 2 ? <Talk who={who} /> : <Pace />}
          </Form>
        )}
        {step === 4 && <Look who={who} fields={fields as Fields} draft={draft} made={setDraft} />}
      </Card>
      <div className="line" style={{ marginTop: 16, justifyContent: "flex-end" }}>
        {step > 0 && <Button onClick={back}>{t("back")}</Button>}
        {step > 0 && step < 4 && (
          <Button type="primary" disabled={step === 1 && !anybody(who)} onClick={next}>
            {t("next")}
          </Button>
        )}
      </div>
    </Page>
  );
}

function anybody(who: Who): boolean {
  return who.source === "segment" ? who.segments.length > 0 : (who.taken?.people ?? 0) > 0;
}

function nameOf(who: Who): string {
  if (who.source === "segment") return who.segments.join("、").slice(0, 80);
  return (who.staged?.name ?? "").replace(/\.(csv|jsonl)$/i, "");
}
