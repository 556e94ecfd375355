import { PhoneOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate } from "react-router";
import { useAlerting } from "./alerting";
import "./desk.css";
import { hasKept } from "./kept";
import { line, useDesk } from "./line";
import { useNotices } from "./notices";

/** On every screen of somebody who takes calls: who rings or talks, and the way back to the desk. */
export function DeskBar() {
  const { t } = useTranslation("desk");
  const { ringing, talk, offer } = useDesk();
  const here = useLocation().pathname;
  const go = useNavigate();
  useNotices();
  useAlerting(ringing);
  useEffect(() => {
    // Another tab must not take the calls away from the one with the desk; this one had them itself.
    if (hasKept()) line.open();
  }, []);
  const talks = talk !== null;
  useEffect(() => {
    if (!talks) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [talks]);
  if (here === "/desk" || (!ringing && !talk)) return null;
  const customer = (ringing?.offer ?? offer)?.brief.customer ?? t("talk.customer");
  return (
    <Button
      type="primary"
      className={ringing ? "desk-bar rings" : "desk-bar"}
      icon={<PhoneOutlined aria-hidden />}
      title={t("bar.open")}
      onClick={() => go("/desk")}
    >
      {t(ringing ? "bar.ringing" : "bar.talking", { customer })}
    </Button>
  );
}
