import { useMutation } from "@tanstack/react-query";
import { App, Form, Input, Modal } from "antd";
import { useTranslation } from "react-i18next";
import { api, data } from "../api/client";
import { RefusalAlert } from "../parts/refusal";
import { useMe } from "./session";

type Entered = { current: string; password: string; again: string };
const SHORTEST = 10;

/** Another password of one's own; every other session of theirs ends. */
export function ChangePassword({ close }: { close: () => void }) {
  const { t } = useTranslation("shell");
  const { t: common } = useTranslation();
  const { message } = App.useApp();
  const me = useMe();
  const [form] = Form.useForm<Entered>();
  const change = useMutation({
    mutationFn: async ({ current, password }: Entered) =>
      data(await api.POST("/api/me/password", { body: { current, password } })),
    onSuccess: () => {
      message.success(t("account.changed"));
      close();
    },
  });
  return (
    <Modal
      open
      title={t("account.password")}
      okText={common("save")}
      cancelText={common("cancel")}
      confirmLoading={change.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <RefusalAlert error={change.error} />
      <p className="soft">{t("account.changeAbout")}</p>
      <Form form={form} layout="vertical" requiredMark={false} onFinish={(entered) => change.mutate(entered)}>
        <input type="text" autoComplete="username" value={me.name} readOnly hidden />
        <Form.Item
          name="current"
          label={t("account.current")}
          rules={[{ required: true, message: t("signIn.passwordMissing") }]}
        >
          <Input.Password autoComplete="current-password" autoFocus />
        </Form.Item>
        <Form.Item
          name="password"
          label={t("account.new")}
          extra={t("account.newHint", { count: SHORTEST })}
          rules={[{ required: true, min: SHORTEST, message: t("account.newHint", { count: SHORTEST }) }]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item
          name="again"
          label={t("account.again")}
          dependencies={["password"]}
          rules={[
            ({ getFieldValue }) => ({
              validator: (_, value) =>
                value === getFieldValue("password")
                  ? Promise.resolve()
                  : Promise.reject(new Error(t("account.different"))),
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" onPressEnter={() => form.submit()} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
