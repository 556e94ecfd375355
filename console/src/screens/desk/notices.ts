import { App } from "antd";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useDesk } from "./line";

/** Tells what the desk refused or took back, once. */
export function useNotices(): void {
  const { t } = useTranslation("desk");
  const { message } = App.useApp();
  const { notice } = useDesk();
  const seen = useRef(notice?.n ?? 0);
  useEffect(() => {
    if (!notice || notice.n <= seen.current) return;
    seen.current = notice.n;
    message.warning(notice.kind === "refused" ? notice.message : t(`withdrawn.${notice.why}`), 6);
  }, [notice, message, t]);
}
