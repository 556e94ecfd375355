import { MoreOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Dropdown, Flex } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { ApiError, api, data } from "../../api/client";
import { useMay, useMe } from "../../shell/session";
import { CancelDialog, DoneDialog, PostponeDialog } from "./dialogs";
import type { FollowUp } from "./list";

const COMPLAINT = "complaint_pause_30d";

/** Take it, finish it, put it off, give it up; a complaint is answered where complaints are. */
export function Actions({ row }: { row: FollowUp }) {
  const { t } = useTranslation("followUps");
  const { t: common } = useTranslation();
  const { message } = App.useApp();
  const me = useMe();
  const may = useMay();
  const queries = useQueryClient();
  const [dialog, setDialog] = useState<"done" | "postpone" | "cancel" | null>(null);
  const claim = useMutation({
    mutationFn: async () =>
      data(
        await api.POST("/api/follow-ups/{follow_up_id}/claim", {
          params: { path: { follow_up_id: row.id } },
        }),
      ),
    onSuccess: () => {
      message.success(t("claimed"));
      void queries.invalidateQueries({ queryKey: ["follow-ups"] });
    },
    onError: (error) => message.error(error instanceof ApiError ? error.message : common("failed")),
  });
  if (!may("follow_up.work") || !["open", "claimed"].includes(row.state)) return null;
  if (row.kind === COMPLAINT) return <Link to="/follow-ups?view=cases">{t("answer")}</Link>;
  const taken = row.claimed_by !== "" && row.claimed_by !== me.name;
  const forPeople = row.owner !== "system";
  return (
    <Flex gap={8}>
      {forPeople && row.state === "open" && (
        <Button size="small" type="primary" ghost loading={claim.isPending} onClick={() => claim.mutate()}>
          {t("claim")}
        </Button>
      )}
      {forPeople && row.state === "claimed" && !taken && (
        <Button size="small" type="primary" onClick={() => setDialog("done")}>
          {t("done")}
        </Button>
      )}
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            { key: "postpone", label: t("postpone") },
            { key: "cancel", label: t("cancel"), danger: true },
          ],
          onClick: ({ key }) => setDialog(key as "postpone" | "cancel"),
        }}
      >
        <Button size="small" icon={<MoreOutlined aria-hidden />} aria-label={common("more")} />
      </Dropdown>
      {dialog === "done" && <DoneDialog row={row} close={() => setDialog(null)} />}
      {dialog === "postpone" && <PostponeDialog row={row} close={() => setDialog(null)} />}
      {dialog === "cancel" && <CancelDialog row={row} close={() => setDialog(null)} />}
    </Flex>
  );
}
