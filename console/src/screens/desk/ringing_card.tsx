import { CheckOutlined, DownOutlined } from "@ant-design/icons";
import { Button, Card, Dropdown, Flex, Tag } from "antd";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useNow } from "../../parts/use_now";
import { useMe } from "../../shell/session";
import { BriefCard } from "./brief_card";
import { line, useDesk } from "./line";
import type { Ringing } from "./state";
import { Transcript } from "./transcript";

const REASONS = ["busy", "skill", "away"] as const;

/** A customer rings: the card to read, the answer to give, the seconds left. */
export function RingingCard({ ringing }: { ringing: Ringing }) {
  const { t } = useTranslation("desk");
  const me = useMe();
  const { telephone } = useDesk();
  const { offer, answered } = ringing;
  const accepted = telephone ? t("ring.acceptedTelephone", { telephone }) : t("ring.accepted");
  const accept = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // The key that answers is at hand, unless somebody is writing.
    if (document.activeElement === document.body) accept.current?.focus();
  }, []);
  return (
    <div className="columns two">
      <Card
        className="ringing"
        title={t("ring.title")}
        extra={
          <Flex gap={4} wrap>
            {offer.own_agent_id === me.name && <Tag color="blue">{t("ring.own")}</Tag>}
            {ringing.escalation > 0 && <Tag color="warning">{t("ring.everybody")}</Tag>}
            <Waited ringing={ringing} />
          </Flex>
        }
      >
        <TimeLeft ringing={ringing} />
        <Flex gap={12} align="center" wrap style={{ marginBlock: "12px 16px" }}>
          <Button
            ref={accept}
            type="primary"
            size="large"
            className="accept"
            icon={<CheckOutlined aria-hidden />}
            disabled={answered !== null}
            loading={answered === "accept"}
            onClick={() => void line.accept()}
          >
            {answered === "accept" ? accepted : t("ring.accept")}
          </Button>
          <Dropdown
            trigger={["click"]}
            disabled={answered !== null}
            menu={{
              items: REASONS.map((reason) => ({ key: reason, label: t(`ring.declineReason.${reason}`) })),
              // The reason is stored in Chinese, whatever the screen's language.
              onClick: ({ key }) => line.decline(t(`ring.declineReason.${key as "busy"}`, { lng: "zh-CN" })),
            }}
          >
            <Button size="large">
              {t("ring.decline")} <DownOutlined aria-hidden />
            </Button>
          </Dropdown>
          {answered === "decline" && <span className="soft">{t("ring.declined")}</span>}
          {!answered && <SecondsLeft until={ringing.until} />}
        </Flex>
        <BriefCard offer={offer} />
      </Card>
      <Card title={t("transcript.title")} className="beside">
        <Transcript said={offer.said ?? []} />
      </Card>
    </div>
  );
}

function Waited({ ringing }: { ringing: Ringing }) {
  const { t } = useTranslation("desk");
  const now = useNow();
  const waited = Math.round(ringing.waitedS + Math.max(0, now - ringing.from) / 1_000);
  const sla = Math.round(ringing.slaS);
  if (!sla) return <Tag>{t("ring.waitedOnly", { waited })}</Tag>;
  const late = waited > sla;
  return (
    <Tag color={late ? "error" : undefined}>{t(late ? "ring.late" : "ring.waited", { waited, sla })}</Tag>
  );
}

function SecondsLeft({ until }: { until: number }) {
  const { t } = useTranslation("desk");
  const now = useNow();
  const seconds = Math.max(0, Math.ceil((until - now) / 1_000));
  return (
    <span className="numbers soft" role="timer">
      {t("ring.left", { seconds })}
    </span>
  );
}

/** A bar that empties by itself. */
function TimeLeft({ ringing }: { ringing: Ringing }) {
  return (
    <div className="time-left" aria-hidden>
      <div style={{ animationDuration: `${ringing.until - ringing.from}ms` }} />
    </div>
  );
}
