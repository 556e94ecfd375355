import { PlusOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  Button,
  Card,
  Form,
  Input,
  InputNumber,
  Modal,
  Popconfirm,
  Select,
  Table,
  type TableColumnsType,
  Tag,
} from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import type { components } from "../../api/schema";
import { Long } from "../../parts/long";
import { Moment } from "../../parts/moment";
import { Once } from "../../parts/once";
import { Page } from "../../parts/page";
import { RefusalAlert } from "../../parts/refusal";
import { Loaded, Nothing } from "../../parts/states";
import { useScope } from "./scope";

type Token = components["schemas"]["TokenOut"];
type NewToken = components["schemas"]["TokenIn"];
const KEY = ["tokens"];

/** How other systems come in. */
export function Component() {
  const { t } = useTranslation("admin");
  const scope = useScope();
  const queries = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const tokens = useQuery({ queryKey: KEY, queryFn: async () => data(await api.GET("/api/tokens")) });
  const again = () => queries.invalidateQueries({ queryKey: KEY });
  const revoke = useMutation({
    mutationFn: (token: Token) =>
      api.DELETE("/api/tokens/{token_id}", { params: { path: { token_id: token.id } } }),
    onSuccess: again,
  });
  const add = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
      {t("tokens.add")}
    </Button>
  );
  const columns: TableColumnsType<Token> = [
    {
      title: t("tokens.name"),
      width: 220,
      render: (_, token) => (
        <>
          <Long text={token.name} />
          <div className="soft numbers">{token.prefix}…</div>
        </>
      ),
    },
    {
      title: t("tokens.scopes"),
      render: (_, token) => token.scopes.map((one) => <Tag key={one}>{scope(one)}</Tag>),
    },
    { title: t("tokens.used"), width: 150, render: (_, token) => <Moment at={token.used_at} /> },
    {
      title: t("tokens.expires"),
      width: 150,
      render: (_, token) => (token.expires_at ? <Moment at={token.expires_at} /> : t("tokens.never")),
    },
    {
      title: t("tokens.state"),
      width: 200,
      render: (_, token) => <State token={token} />,
    },
    {
      title: t("actions"),
      width: 100,
      render: (_, token) =>
        !token.revoked_at && (
          <Popconfirm
            title={t("tokens.revokeSure", { name: token.name })}
            onConfirm={() => revoke.mutate(token)}
          >
            <Button type="link" size="small" danger>
              {t("tokens.revoke")}
            </Button>
          </Popconfirm>
        ),
    },
  ];
  return (
    <Page title={t("tokens.title")} actions={add}>
      <RefusalAlert error={revoke.error} />
      <Card size="small" styles={{ body: { padding: 0 } }}>
        <Loaded query={tokens}>
          {(all) => (
            <Table<Token>
              size="small"
              rowKey="id"
              columns={columns}
              dataSource={all}
              scroll={{ x: 1000 }}
              locale={{ emptyText: <Nothing text={t("tokens.none")} action={add} /> }}
              pagination={{ pageSize: 50, hideOnSinglePage: true }}
            />
          )}
        </Loaded>
      </Card>
      {adding && (
        <Add
          close={() => setAdding(false)}
          saved={(token) => {
            setAdding(false);
            setMade(token);
            void again();
          }}
        />
      )}
      {made && (
        <Once
          title={t("tokens.madeTitle")}
          hint={t("tokens.madeHint")}
          secret={made}
          close={() => setMade(null)}
        />
      )}
    </Page>
  );
}

function State({ token }: { token: Token }) {
  const { t } = useTranslation("admin");
  if (token.revoked_at)
    return (
      <>
        <Tag color="error">{t("tokens.revoked")}</Tag>
        <div className="soft">
          {token.revoked_by} <Moment at={token.revoked_at} />
        </div>
      </>
    );
  if (token.expires_at && dayjs(token.expires_at).isBefore(dayjs())) return <Tag>{t("tokens.expired")}</Tag>;
  return <Tag color="success">{t("tokens.inForce")}</Tag>;
}

function Add({ close, saved }: { close: () => void; saved: (token: string) => void }) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const scope = useScope();
  const [form] = Form.useForm<NewToken>();
  const scopes = useQuery({
    queryKey: ["tokens", "scopes"],
    queryFn: async () => data(await api.GET("/api/tokens/scopes")),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const save = useMutation({
    mutationFn: async (body: NewToken) => data(await api.POST("/api/tokens", { body })).token,
    onSuccess: saved,
  });
  return (
    <Modal
      open
      title={t("tokens.add")}
      onCancel={close}
      onOk={() => form.submit()}
      okText={common("save")}
      confirmLoading={save.isPending}
    >
      <RefusalAlert error={save.error ?? scopes.error} />
      <Form
        form={form}
        layout="vertical"
        initialValues={{ scopes: [], days: 365 }}
        onFinish={(entered) => save.mutate(entered)}
      >
        <Form.Item
          name="name"
          label={t("tokens.name")}
          extra={t("tokens.nameHint")}
          rules={[{ required: true, whitespace: true, message: t("tokens.nameMissing") }]}
        >
          <Input maxLength={64} autoComplete="off" />
        </Form.Item>
        <Form.Item
          name="scopes"
          label={t("tokens.scopes")}
          rules={[{ required: true, message: t("tokens.scopesMissing") }]}
        >
          <Select
            mode="multiple"
            loading={scopes.isPending}
            options={scopes.data?.map((value) => ({ value, label: scope(value) }))}
          />
        </Form.Item>
        <Form.Item name="days" label={t("tokens.days")} extra={t("tokens.daysHint")}>
          <InputNumber<number> min={1} max={3650} precision={0} style={{ width: 160 }} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
