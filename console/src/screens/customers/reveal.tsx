import { EyeOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Button, Input, Modal, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import { RefusalAlert } from "../../parts/refusal";
import { useMay } from "../../shell/session";

/** The masked number; the whole one only for a reason, and every look is kept. */
export function Reveal({ id, masked }: { id: string; masked: string }) {
  const { t } = useTranslation("customers");
  const { t: common } = useTranslation();
  const may = useMay();
  const [asked, setAsked] = useState(false);
  const [reason, setReason] = useState("");
  const show = useMutation({
    mutationFn: async () =>
      data(
        await api.POST("/api/customers/{customer_id}/reveal", {
          params: { path: { customer_id: id } },
          body: { reason: reason.trim() },
        }),
      ),
    onSuccess: () => setAsked(false),
    gcTime: 0,
  });
  if (show.data) {
    return (
      <Typography.Text className="numbers" copyable title={t("revealDone")}>
        {show.data.phone}
      </Typography.Text>
    );
  }
  return (
    <>
      <span className="numbers">{masked}</span>
      {may("customer.reveal") && (
        <Button size="small" icon={<EyeOutlined />} onClick={() => setAsked(true)}>
          {t("reveal")}
        </Button>
      )}
      <Modal
        open={asked}
        title={t("revealTitle")}
        okText={t("reveal")}
        cancelText={common("cancel")}
        okButtonProps={{ disabled: !reason.trim() }}
        confirmLoading={show.isPending}
        onOk={() => show.mutate()}
        onCancel={() => setAsked(false)}
        destroyOnHidden
      >
        <RefusalAlert error={show.error} />
        <p>{t("revealAbout")}</p>
        <Input
          autoFocus
          value={reason}
          maxLength={500}
          placeholder={t("revealReason")}
          aria-label={t("revealReason")}
          onChange={(event) => setReason(event.target.value)}
          onPressEnter={() => reason.trim() && show.mutate()}
        />
      </Modal>
    </>
  );
}
