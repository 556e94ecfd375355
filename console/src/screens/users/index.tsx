import { PlusOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  Button,
  Card,
  Form,
  Input,
  Modal,
  Popconfirm,
  Select,
  Space,
  Table,
  type TableColumnsType,
  Tag,
} from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import type { components } from "../../api/schema";
import { Long } from "../../parts/long";
import { Moment } from "../../parts/moment";
import { Once } from "../../parts/once";
import { Page } from "../../parts/page";
import { RefusalAlert } from "../../parts/refusal";
import { Loaded } from "../../parts/states";
import { type Role, useLabelOfRole } from "../../shell/roles";
import { useMe } from "../../shell/session";

type User = components["schemas"]["UserOut"];
type Entered = { name: string; display_name: string; roles: Role[] };
const ROLES: Role[] = ["supervisor", "agent", "qa", "admin"];
const KEY = ["users"];

/** Who may sign in, and as what. */
export function Component() {
  const { t } = useTranslation("admin");
  const me = useMe();
  const role = useLabelOfRole();
  const queries = useQueryClient();
  const [edited, setEdited] = useState<User | "new" | null>(null);
  const [link, setLink] = useState<string | null>(null);
  const users = useQuery({ queryKey: KEY, queryFn: async () => data(await api.GET("/api/users")) });
  const again = () => queries.invalidateQueries({ queryKey: KEY });
  const path = (user: User) => ({ params: { path: { user_id: user.id } } });
  const change = useMutation({
    mutationFn: ({ user, state }: { user: User; state: string }) =>
      api.PATCH("/api/users/{user_id}", { ...path(user), body: { state } }),
    onSuccess: again,
  });
  const newLink = useMutation({
    mutationFn: async (user: User) => data(await api.POST("/api/users/{user_id}/link", path(user))),
    onSuccess: ({ address }) => setLink(address),
  });
  const columns: TableColumnsType<User> = [
    {
      title: t("users.name"),
      width: 220,
      render: (_, user) => (
        <>
          <Long text={user.display_name || user.name} />
          <div className="soft">
            <Long text={user.name} />
          </div>
        </>
      ),
    },
    {
      title: t("users.roles"),
      render: (_, user) => user.roles.map((one) => <Tag key={one}>{role(one)}</Tag>),
    },
    {
      title: t("users.state"),
      width: 150,
      render: (_, user) =>
        user.state === "disabled" ? (
          <Tag color="error">{t("users.disabled")}</Tag>
        ) : user.has_password ? (
          <Tag color="success">{t("users.active")}</Tag>
        ) : (
          <Tag color="warning">{t("users.invited")}</Tag>
        ),
    },
    { title: t("users.signedIn"), width: 150, render: (_, user) => <Moment at={user.signed_in_at} /> },
    { title: t("users.made"), width: 150, render: (_, user) => <Moment at={user.made_at} /> },
    {
      title: t("actions"),
      width: 290,
      render: (_, user) => (
        <Space size={0}>
          <Button type="link" size="small" onClick={() => setEdited(user)}>
            {t("edit")}
          </Button>
          <Popconfirm title={t("users.linkSure")} onConfirm={() => newLink.mutate(user)}>
            <Button type="link" size="small">
              {t("users.link")}
            </Button>
          </Popconfirm>
          {user.state === "disabled" ? (
            <Button type="link" size="small" onClick={() => change.mutate({ user, state: "active" })}>
              {t("users.enable")}
            </Button>
          ) : (
            <Popconfirm
              title={t("users.disableSure", { name: user.display_name || user.name })}
              onConfirm={() => change.mutate({ user, state: "disabled" })}
            >
              <Button type="link" size="small" danger disabled={user.name === me.name}>
                {t("users.disable")}
              </Button>
            </Popconfirm>
          )}
        </Space>
      ),
    },
  ];
  return (
    <Page
      title={t("users.title")}
      actions={
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setEdited("new")}>
          {t("users.add")}
        </Button>
      }
    >
      <RefusalAlert error={change.error ?? newLink.error} />
      <Card size="small" styles={{ body: { padding: 0 } }}>
        <Loaded query={users}>
          {(all) => (
            <Table<User>
              size="small"
              rowKey="id"
              columns={columns}
              dataSource={all}
              scroll={{ x: 1000 }}
              pagination={{ pageSize: 50, hideOnSinglePage: true }}
            />
          )}
        </Loaded>
      </Card>
      {edited && (
        <Edit
          user={edited === "new" ? null : edited}
          close={() => setEdited(null)}
          saved={(address) => {
            setEdited(null);
            if (address) setLink(address);
            void again();
          }}
        />
      )}
      {link && (
        <Once
          title={t("users.linkTitle")}
          hint={t("users.linkHint")}
          secret={link}
          close={() => setLink(null)}
        />
      )}
    </Page>
  );
}

function Edit({
  user,
  close,
  saved,
}: {
  user: User | null;
  close: () => void;
  saved: (link: string) => void;
}) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const role = useLabelOfRole();
  const [form] = Form.useForm<Entered>();
  const save = useMutation({
    mutationFn: async ({ name, display_name, roles }: Entered) => {
      if (user) {
        const params = { path: { user_id: user.id } };
        await api.PATCH("/api/users/{user_id}", { params, body: { display_name, roles } });
        return "";
      }
      return data(await api.POST("/api/users", { body: { name, display_name: display_name ?? "", roles } }))
        .link.address;
    },
    onSuccess: saved,
  });
  return (
    <Modal
      open
      title={user ? t("users.change", { name: user.name }) : t("users.add")}
      onCancel={close}
      onOk={() => form.submit()}
      okText={common("save")}
      confirmLoading={save.isPending}
    >
      <RefusalAlert error={save.error} />
      <Form
        form={form}
        layout="vertical"
        initialValues={user ?? { roles: [] }}
        onFinish={(entered) => save.mutate(entered)}
      >
        {!user && (
          <Form.Item
            name="name"
            label={t("users.userName")}
            extra={t("users.userNameHint")}
            rules={[{ required: true, whitespace: true, message: t("users.userNameMissing") }]}
          >
            <Input maxLength={64} autoComplete="off" />
          </Form.Item>
        )}
        <Form.Item name="display_name" label={t("users.displayName")}>
          <Input maxLength={64} autoComplete="off" />
        </Form.Item>
        <Form.Item
          name="roles"
          label={t("users.roles")}
          rules={[{ required: true, message: t("users.rolesMissing") }]}
        >
          <Select mode="multiple" options={ROLES.map((value) => ({ value, label: role(value) }))} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
