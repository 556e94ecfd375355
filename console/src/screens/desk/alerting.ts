/** What reaches an agent who looks elsewhere: a notification of the browser, and the page's title. */

import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { Ringing } from "./state";

export function useAlerting(ringing: Ringing | null): void {
  const { t } = useTranslation("desk");
  const customer = ringing && !ringing.answered ? ringing.offer.brief.customer : "";
  const why = ringing?.offer.brief.why ?? "";
  useEffect(() => {
    if (!customer) return;
    const title = document.title;
    document.title = `● ${t("ring.tab")} · ${customer}`;
    const shown = notified(t("ring.notification", { customer }), why);
    return () => {
      document.title = title;
      shown?.close();
    };
  }, [customer, why, t]);
}

function notified(title: string, body: string): Notification | null {
  if (!document.hidden && document.hasFocus()) return null;
  if (!("Notification" in window) || Notification.permission !== "granted") return null;
  const shown = new Notification(title, { body, tag: "callbot.ring", requireInteraction: true });
  shown.onclick = () => {
    window.focus();
    shown.close();
  };
  return shown;
}
