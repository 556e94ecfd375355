import { Alert, Modal, Typography } from "antd";
import { useTranslation } from "react-i18next";

/** A secret that is shown this once, to be copied. */
export function Once({
  title,
  hint,
  secret,
  close,
}: {
  title: string;
  hint: string;
  secret: string;
  close: () => void;
}) {
  const { t } = useTranslation();
  return (
    <Modal
      open
      title={title}
      onCancel={close}
      onOk={close}
      okText={t("close")}
      cancelButtonProps={{ style: { display: "none" } }}
      maskClosable={false}
    >
      <Alert type="warning" showIcon title={hint} style={{ marginBottom: 12 }} />
      <Typography.Text
        code
        copyable={{ tooltips: [t("copy"), t("copied")] }}
        style={{ overflowWrap: "anywhere" }}
      >
        {secret}
      </Typography.Text>
    </Modal>
  );
}
