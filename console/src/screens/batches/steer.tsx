import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Modal, Space } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, data } from "../../api/client";
import type { components } from "../../api/schema";
import { RefusalAlert } from "../../parts/refusal";
import { useMay } from "../../shell/session";
import { at } from "./queries";

type Batch = components["schemas"]["BatchOut"];
type Deed = "launch" | "pause" | "resume" | "cancel" | "discard";

const POSSIBLE: Record<string, Deed[]> = {
  making: ["cancel"],
  draft: ["launch", "discard"],
  running: ["pause", "cancel"],
  paused: ["resume", "cancel"],
};
const DANGER: ReadonlySet<Deed> = new Set(["cancel", "discard"]);

/** Launch, pause, go on, cancel: each says what it does before it is done. */
export function Steer({ batch }: { batch: Batch }) {
  const { t } = useTranslation("batches");
  const may = useMay();
  const [asked, setAsked] = useState<Deed | null>(null);
  const possible = (POSSIBLE[batch.state] ?? []).filter((deed) =>
    may(deed === "discard" ? "batch.write" : "batch.launch"),
  );
  return (
    <Space>
      {[...possible].reverse().map((deed) => (
        <Button
          key={deed}
          type={deed === possible[0] && !DANGER.has(deed) && deed !== "pause" ? "primary" : "default"}
          danger={DANGER.has(deed)}
          onClick={() => setAsked(deed)}
        >
          {t(`deeds.${deed}.do`)}
        </Button>
      ))}
      {asked && <Ask deed={asked} batch={batch} close={() => setAsked(null)} />}
    </Space>
  );
}

function Ask({ deed, batch, close }: { deed: Deed; batch: Batch; close: () => void }) {
  const { t } = useTranslation("batches");
  const { t: common } = useTranslation();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const go = useNavigate();
  const [reason, setReason] = useState("");
  const tripped = deed === "resume" && !!batch.paused_because;
  const doing = useMutation({
    mutationFn: () => send(deed, batch.id, reason.trim()),
    onSuccess: async (told) => {
      close();
      const kept = told && "promised" in told && told.promised ? told : null;
      message.success(kept ? t("promisesKept", { count: kept.promised }) : t(`deeds.${deed}.done`));
      if (deed === "discard") {
        queries.removeQueries({ queryKey: ["batches", batch.id] });
        await go("/batches");
      }
      await queries.invalidateQueries({ queryKey: ["batches"] });
    },
  });
  return (
    <Modal
      open
      title={t(`deeds.${deed}.title`, { name: batch.name })}
      okText={t(`deeds.${deed}.do`)}
      cancelText={common("close")}
      okButtonProps={{ danger: DANGER.has(deed), disabled: tripped && !reason.trim() }}
      confirmLoading={doing.isPending}
      onOk={() => doing.mutate()}
      onCancel={close}
    >
      <RefusalAlert error={doing.error} />
      <p>{t(`deeds.${deed}.about`)}</p>
      {deed !== "discard" && (
        <Input.TextArea
          value={reason}
          autoFocus
          maxLength={500}
          autoSize={{ minRows: 2 }}
          aria-label={t("reason")}
          placeholder={tripped ? t("reasonNeeded") : t("reason")}
          onChange={(event) => setReason(event.target.value)}
        />
      )}
    </Modal>
  );
}

async function send(deed: Deed, id: string, reason: string) {
  const body = { ...at(id), body: { reason } };
  switch (deed) {
    case "launch":
      return data(await api.POST("/api/batches/{batch_id}/launch", body));
    case "pause":
      return data(await api.POST("/api/batches/{batch_id}/pause", body));
    case "resume":
      return data(await api.POST("/api/batches/{batch_id}/resume", body));
    case "cancel":
      return data(await api.POST("/api/batches/{batch_id}/cancel", body));
    case "discard":
      return data(await api.DELETE("/api/batches/{batch_id}", at(id)));
  }
}
