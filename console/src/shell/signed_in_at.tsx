import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Modal, Popconfirm, Table, type TableColumnsType, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, data } from "../api/client";
import type { components } from "../api/schema";
import { Long } from "../parts/long";
import { Moment } from "../parts/moment";
import { RefusalAlert } from "../parts/refusal";
import { Loaded } from "../parts/states";
import { browserOf } from "./browser_of";

type Session = components["schemas"]["SessionOut"];

/** Where one is signed in, and the way out of all of them. */
export function SignedInAt({ close }: { close: () => void }) {
  const { t } = useTranslation("shell");
  const { t: common } = useTranslation();
  const queries = useQueryClient();
  const sessions = useQuery({
    queryKey: ["me", "sessions"],
    queryFn: async () => data(await api.GET("/api/me/sessions")),
    staleTime: 0,
  });
  const leave = useMutation({
    mutationFn: async () => data(await api.POST("/api/sign-out/everywhere")),
    onSuccess: () => {
      queries.clear();
      window.location.assign("/");
    },
  });
  const columns: TableColumnsType<Session> = [
    {
      title: t("account.browser"),
      render: (_, session) => (
        <span title={session.agent}>
          <Long text={browserOf(session.agent) || "—"} /> {session.this && <Tag>{t("account.this")}</Tag>}
        </span>
      ),
    },
    {
      title: t("account.address"),
      width: 140,
      render: (_, session) => <Long text={session.address || "—"} />,
    },
    { title: t("account.signedIn"), width: 130, render: (_, session) => <Moment at={session.made_at} /> },
    { title: t("account.seen"), width: 130, render: (_, session) => <Moment at={session.seen_at} /> },
  ];
  return (
    <Modal
      open
      width={720}
      title={t("account.sessions")}
      onCancel={close}
      footer={[
        <Popconfirm
          key="everywhere"
          title={t("account.everywhereSure")}
          okText={t("account.everywhere")}
          cancelText={common("cancel")}
          onConfirm={() => leave.mutate()}
        >
          <Button danger loading={leave.isPending}>
            {t("account.everywhere")}
          </Button>
        </Popconfirm>,
        <Button key="close" type="primary" onClick={close}>
          {common("close")}
        </Button>,
      ]}
    >
      <RefusalAlert error={leave.error} />
      <Loaded query={sessions}>
        {(found) => (
          <Table<Session>
            size="small"
            rowKey={(session) => `${session.made_at}${session.address}${session.agent}`}
            columns={columns}
            dataSource={found}
            pagination={{ pageSize: 8, hideOnSinglePage: true, showSizeChanger: false }}
          />
        )}
      </Loaded>
    </Modal>
  );
}
