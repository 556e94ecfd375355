import { LockOutlined, UserOutlined } from "@ant-design/icons";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Alert, Button, Card, Flex, Form, Input, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { ApiError, api, data } from "../api/client";
import { useLabelOfRole } from "./roles";
import type { Me } from "./session";
import { SwitchLanguage } from "./switch_language";

type Entered = { name: string; password: string };

/** Name and password; the demo's ready users stand below, and nowhere else. */
export function SignIn({ onSignedIn }: { onSignedIn: (me: Me) => void }) {
  const { t } = useTranslation("shell");
  const { t: common } = useTranslation();
  const role = useLabelOfRole();
  const [form] = Form.useForm<Entered>();
  const demo = useQuery({
    queryKey: ["sign-in", "demo-users"],
    queryFn: async () => data(await api.GET("/api/sign-in/demo-users")),
  });
  const signIn = useMutation({
    mutationFn: async (entered: Entered) => data(await api.POST("/api/sign-in", { body: entered })),
    onSuccess: onSignedIn,
  });
  const refusal = signIn.error instanceof ApiError ? signIn.error : null;

  return (
    <Flex vertical align="center" justify="center" style={{ minHeight: "100vh", padding: 24 }}>
      <title>{`${t("signIn.title")} · callbot`}</title>
      <Card style={{ width: 400, maxWidth: "100%" }}>
        <Flex justify="space-between" align="start">
          <Flex gap={10} align="center">
            <img src="/static/callbot.svg" alt="" width={32} height={32} />
            <Typography.Title level={1} style={{ fontSize: 22, margin: 0 }}>
              {t("product")}
            </Typography.Title>
          </Flex>
          <SwitchLanguage />
        </Flex>
        <p className="soft" style={{ margin: "6px 0 20px" }}>
          {t("tagline")}
        </p>
        <Form
          form={form}
          layout="vertical"
          requiredMark={false}
          onFinish={(entered) => signIn.mutate(entered)}
        >
          <Form.Item
            name="name"
            label={t("signIn.name")}
            rules={[{ required: true, message: t("signIn.nameMissing") }]}
          >
            <Input prefix={<UserOutlined />} autoComplete="username" autoFocus />
          </Form.Item>
          <Form.Item
            name="password"
            label={t("signIn.password")}
            rules={[{ required: true, message: t("signIn.passwordMissing") }]}
          >
            <Input.Password prefix={<LockOutlined />} autoComplete="current-password" />
          </Form.Item>
          {signIn.error && (
            <Alert
              type="error"
              showIcon
              style={{ marginBottom: 16 }}
              title={refusal?.message ?? common("failed")}
              description={refusal?.hint || undefined}
            />
          )}
          <Button type="primary" htmlType="submit" block loading={signIn.isPending}>
            {t("signIn.submit")}
          </Button>
        </Form>
        {!!demo.data?.length && (
          <div style={{ marginTop: 20 }}>
            <div className="soft">{t("signIn.demo")}</div>
            <Flex wrap gap={8} style={{ marginTop: 8 }}>
              {demo.data.map((user) => (
                <Button
                  key={user.name}
                  size="small"
                  onClick={() => form.setFieldsValue({ name: user.name, password: user.password })}
                >
                  {role(user.role)} · {user.name}
                </Button>
              ))}
            </Flex>
          </div>
        )}
      </Card>
    </Flex>
  );
}
