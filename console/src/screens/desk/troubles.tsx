import { Alert, Button } from "antd";
import { useTranslation } from "react-i18next";
import { line, useDesk, useEar } from "./line";

/** What keeps the agent from working, and what to do: the connection, the microphone, the sound. */
export function Troubles() {
  const { t } = useTranslation("desk");
  const { link, talk, telephone } = useDesk();
  const { trouble, silent } = useEar();
  return (
    <div className="troubles" role="alert">
      {link === "lost" && (
        <Alert type="warning" showIcon title={t(talk && !telephone ? "link.lostBusy" : "link.lost")} />
      )}
      {link === "elsewhere" && (
        <Alert
          type="warning"
          showIcon
          title={t("link.elsewhere")}
          description={t("link.elsewhereHint")}
          action={<Button onClick={() => line.open()}>{t("link.here")}</Button>}
        />
      )}
      {(link === "refused" || link === "gone") && (
        <Alert
          type="error"
          showIcon
          title={t("link.refused")}
          description={t("link.refusedHint")}
          action={<Button onClick={() => line.open()}>{t("link.again")}</Button>}
        />
      )}
      {link === "signed_out" && (
        <Alert type="error" showIcon title={t("link.signedOut")} description={t("link.signedOutHint")} />
      )}
      {trouble && (
        <Alert
          type="error"
          showIcon
          title={t(`microphone.${trouble}`)}
          description={t(`microphone.${trouble}Hint`)}
          action={<Button onClick={() => void line.hasMicrophone()}>{t("microphone.again")}</Button>}
        />
      )}
      {silent && (
        <Alert
          type="warning"
          showIcon
          title={t("silent")}
          description={t("silentHint")}
          action={
            <Button type="primary" onClick={() => void line.wake()}>
              {t("wake")}
            </Button>
          }
        />
      )}
    </div>
  );
}
