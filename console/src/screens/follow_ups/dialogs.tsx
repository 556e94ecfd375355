import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Checkbox, DatePicker, Form, Input, Modal, Select } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import { RefusalAlert } from "../../parts/refusal";
import { useLabel } from "../../words";
import type { FollowUp } from "./list";

type Props = { row: FollowUp; close: () => void };

/** A form over the list that says what the server refused, and closes when it did not. */
export function Dialog<Filled>({
  title,
  ok,
  done,
  send,
  close,
  initial,
  children,
}: {
  title: string;
  ok: string;
  done: string;
  send: (filled: Filled) => Promise<unknown>;
  close: () => void;
  initial?: Partial<Filled>;
  children: ReactNode;
}) {
  const { t: common } = useTranslation();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [form] = Form.useForm();
  const sending = useMutation({
    mutationFn: ({ filled }: { filled: Filled }) => send(filled),
    onSuccess: () => {
      message.success(done);
      for (const key of ["follow-ups", "cases"]) void queries.invalidateQueries({ queryKey: [key] });
      close();
    },
  });
  return (
    <Modal
      open
      title={title}
      okText={ok}
      cancelText={common("close")}
      confirmLoading={sending.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <RefusalAlert error={sending.error} />
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={initial}
        onFinish={(filled: Filled) => sending.mutate({ filled })}
      >
        {children}
      </Form>
    </Modal>
  );
}

export function DoneDialog({ row, close }: Props) {
  const { t } = useTranslation("followUps");
  const label = useLabel();
  type Filled = { note: string; called: boolean; failed?: "content" | "timing" | "channel" };
  return (
    <Dialog<Filled>
      title={t("doneTitle", { what: label("followUp", row.kind) })}
      ok={t("done")}
      done={t("finished")}
      close={close}
      initial={{ called: false }}
      send={async ({ note, called, failed }) =>
        data(
          await api.POST("/api/follow-ups/{follow_up_id}/done", {
            params: { path: { follow_up_id: row.id } },
            body: { note: note.trim(), called, failed: failed ?? null },
          }),
        )
      }
    >
      <Form.Item
        name="note"
        label={t("doneNote")}
        rules={[{ required: true, whitespace: true, message: t("doneNoteMissing") }]}
      >
        <Input.TextArea rows={3} maxLength={2000} autoFocus />
      </Form.Item>
      <Form.Item name="called" valuePropName="checked" extra={t("calledHint")}>
        <Checkbox>{t("called")}</Checkbox>
      </Form.Item>
      <Form.Item name="failed" label={t("failed")}>
        <Select
          allowClear
          options={(["content", "timing", "channel"] as const).map((why) => ({
            value: why,
            label: label("failed", why),
          }))}
        />
      </Form.Item>
    </Dialog>
  );
}

export function PostponeDialog({ row, close }: Props) {
  const { t } = useTranslation("followUps");
  const label = useLabel();
  type Filled = { to: Dayjs; note?: string };
  return (
    <Dialog<Filled>
      title={t("postponeTitle", { what: label("followUp", row.kind) })}
      ok={t("postpone")}
      done={t("postponed")}
      close={close}
      send={async ({ to, note }) =>
        data(
          await api.POST("/api/follow-ups/{follow_up_id}/postpone", {
            params: { path: { follow_up_id: row.id } },
            body: { to: to.toISOString(), note: note?.trim() ?? "" },
          }),
        )
      }
    >
      <Form.Item
        name="to"
        label={t("postponeTo")}
        rules={[
          { required: true, message: t("postponeMissing") },
          {
            validator: async (_, to: Dayjs | undefined) => {
              if (to?.isBefore(dayjs())) throw new Error(t("postponePast"));
            },
          },
        ]}
      >
        <DatePicker
          showTime={{ format: "HH:mm" }}
          format="YYYY-MM-DD HH:mm"
          minDate={dayjs()}
          style={{ width: "100%" }}
        />
      </Form.Item>
      <Form.Item name="note" label={t("postponeNote")}>
        <Input maxLength={2000} />
      </Form.Item>
    </Dialog>
  );
}

export function CancelDialog({ row, close }: Props) {
  const { t } = useTranslation("followUps");
  const label = useLabel();
  return (
    <Dialog<{ note: string }>
      title={t("cancelTitle", { what: label("followUp", row.kind) })}
      ok={t("cancel")}
      done={t("cancelled")}
      close={close}
      send={async ({ note }) =>
        data(
          await api.POST("/api/follow-ups/{follow_up_id}/cancel", {
            params: { path: { follow_up_id: row.id } },
            body: { note: note.trim() },
          }),
        )
      }
    >
      <Form.Item
        name="note"
        label={t("cancelNote")}
        rules={[{ required: true, whitespace: true, message: t("cancelNoteMissing") }]}
      >
        <Input.TextArea rows={2} maxLength={2000} autoFocus />
      </Form.Item>
    </Dialog>
  );
}
