import { App, Button, Checkbox, DatePicker, Flex, Form, Input, Radio } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import type { WrapUp } from "../../audio/wire";
import { formOf, OUTCOMES, type Written } from "./wrap_up";

type Props = {
  /** What the bot had asked and the customer answered. */
  answered: string[];
  busy: boolean;
  send: (form: WrapUp, then: "available" | "break") => void;
  later?: () => void;
};

/** What came of the conversation: outcome, promise with its time, what is left to do, a note. */
export function WrapUpForm({ answered, busy, send, later }: Props) {
  const { t } = useTranslation("desk");
  const { message } = App.useApp();
  const [form] = Form.useForm<Written>();
  const promise = Form.useWatch("promise", form);
  const finish = (then: "available" | "break") =>
    form.validateFields().then(
      (written) => send(formOf(written), then),
      ({ errorFields }: { errorFields: { name: (string | number)[]; errors: string[] }[] }) => {
        const first = errorFields[0];
        if (first) form.scrollToField(first.name, { focus: true });
        if (first?.errors[0]) message.warning(first.errors[0]);
      },
    );
  const presets = [
    { label: t("wrapUp.in2h"), value: () => dayjs().add(2, "hour") },
    { label: t("wrapUp.in24h"), value: () => dayjs().add(24, "hour") },
    { label: t("wrapUp.in3d"), value: () => dayjs().add(3, "day") },
  ];
  return (
    <Form
      form={form}
      className="wrap-up"
      layout="vertical"
      requiredMark={false}
      initialValues={{ asked: [] }}
    >
      <Form.Item
        name="outcome"
        label={t("wrapUp.outcome")}
        rules={[{ required: true, message: t("wrapUp.outcomeMissing") }]}
      >
        <Radio.Group
          optionType="button"
          className="outcomes"
          options={OUTCOMES.map((outcome) => ({ value: outcome, label: t(`wrapUp.outcomes.${outcome}`) }))}
        />
      </Form.Item>
      <div className="halves columns">
        <Form.Item name="promise" label={t("wrapUp.promise")}>
          <Input maxLength={200} placeholder={t("wrapUp.promiseHint")} />
        </Form.Item>
        <Form.Item
          name="due"
          label={t("wrapUp.due")}
          dependencies={["promise"]}
          rules={[
            { required: !!promise?.trim(), message: t("wrapUp.dueMissing") },
            {
              validator: async (_, due: Dayjs | null | undefined) => {
                if (due?.isBefore(dayjs())) throw new Error(t("wrapUp.duePast"));
              },
            },
          ]}
        >
          <DatePicker
            showTime={{ format: "HH:mm" }}
            format="YYYY-MM-DD HH:mm"
            presets={presets}
            disabled={!promise?.trim()}
            minDate={dayjs()}
            style={{ width: "100%" }}
          />
        </Form.Item>
      </div>
      <div className="halves columns">
        <Form.Item name="followUp" label={t("wrapUp.followUp")}>
          <Input.TextArea rows={2} maxLength={200} placeholder={t("wrapUp.followUpHint")} />
        </Form.Item>
        <Form.Item name="note" label={t("wrapUp.note")}>
          <Input.TextArea rows={2} maxLength={2000} />
        </Form.Item>
      </div>
      {!!answered.length && (
        <Form.Item name="asked" label={t("wrapUp.asked")} extra={t("wrapUp.askedHint")}>
          <Checkbox.Group options={answered} />
        </Form.Item>
      )}
      <Flex gap={8} wrap>
        <Button type="primary" loading={busy} onClick={() => void finish("available")}>
          {t("wrapUp.send")}
        </Button>
        <Button disabled={busy} onClick={() => void finish("break")}>
          {t("wrapUp.sendRest")}
        </Button>
        {later && (
          <Button type="text" disabled={busy} onClick={later}>
            {t("wrapUp.later")}
          </Button>
        )}
      </Flex>
    </Form>
  );
}
