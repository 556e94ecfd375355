import { CustomerServiceOutlined, DownOutlined } from "@ant-design/icons";
import { Button, Dropdown, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Presence } from "../../audio/wire";
import { length } from "../../parts/moment";
import { useNow } from "../../parts/use_now";
import { line, useDesk } from "./line";
import { useDeskWord } from "./words";

const COLOUR: Record<Presence, string> = {
  offline: "default",
  available: "success",
  ringing: "warning",
  busy: "processing",
  wrap_up: "warning",
  break: "default",
};

/** How one stands at the desk, and since when. */
export function PresenceIs() {
  const { t } = useTranslation("desk");
  const { presence, reason, since } = useDesk();
  const word = useDeskWord();
  const now = useNow();
  return (
    <span role="status">
      <Tag color={COLOUR[presence]} style={{ fontSize: 14, padding: "2px 10px", marginInlineEnd: 8 }}>
        {t(`presence.${presence}`)}
        {presence === "break" && reason ? ` · ${word("breakReason", reason)}` : ""}
      </Tag>
      {since > 0 && presence !== "offline" && (
        <span className="numbers soft" aria-hidden>
          {length((now - since) / 1_000)}
        </span>
      )}
    </span>
  );
}

/** Take calls, or rest for a reason. With a customer, or a form that decides it, there is nothing to choose. */
export function ChoosePresence() {
  const { t } = useTranslation("desk");
  const word = useDeskWord();
  const { presence, breakReasons, link, unwritten } = useDesk();
  const [opening, setOpening] = useState(false);
  const mayChoose = link === "open";
  const begin = async () => {
    setOpening(true);
    askForNotifications();
    await line.available();
    setOpening(false);
  };
  if (presence === "ringing" || presence === "busy" || unwritten.length) return null;
  return (
    <>
      <Dropdown
        trigger={["click"]}
        disabled={!mayChoose}
        menu={{
          items: breakReasons.map((reason) => ({ key: reason, label: word("breakReason", reason) })),
          onClick: ({ key }) => line.rest(key),
        }}
      >
        <Button>
          {t("rest")} <DownOutlined aria-hidden />
        </Button>
      </Dropdown>
      {presence !== "available" && (
        <Button
          type="primary"
          icon={<CustomerServiceOutlined aria-hidden />}
          loading={opening}
          disabled={!mayChoose}
          onClick={() => void begin()}
        >
          {t("begin")}
        </Button>
      )}
    </>
  );
}

/** Asked with the click that takes calls: that is when its use is plain. */
function askForNotifications(): void {
  if ("Notification" in window && Notification.permission === "default")
    void Notification.requestPermission();
}
