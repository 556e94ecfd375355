import {
  AudioOutlined,
  CoffeeOutlined,
  CustomerServiceOutlined,
  DisconnectOutlined,
} from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Card, List, Tag } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, data } from "../../api/client";
import { Meter } from "../../audio/meter";
import { Sound } from "../../audio/sound";
import { Moment } from "../../parts/moment";
import { Loaded, Nothing } from "../../parts/states";
import { useLabel } from "../../words";
import { line, useDesk, useEar } from "./line";

/** Nobody to talk to: how one stands, the microphone, what is due meanwhile. */
export function WaitingCards() {
  const { telephone } = useDesk();
  return (
    <div className="columns two">
      <div className="stack">
        <Card>
          <Standing />
        </Card>
        <DueCard />
      </div>
      {telephone ? <TelephoneCard telephone={telephone} /> : <MicrophoneCard />}
    </div>
  );
}

function Standing() {
  const { t } = useTranslation("desk");
  const { presence, reason } = useDesk();
  const missed = presence === "break" && reason === "未接来电";
  const how = missed ? "missed" : presence === "available" || presence === "break" ? presence : "offline";
  const icon = {
    available: <CustomerServiceOutlined />,
    break: <CoffeeOutlined />,
    missed: <CoffeeOutlined />,
    offline: <DisconnectOutlined />,
  }[how];
  return (
    <div className={`standing ${how}`}>
      <span className="standing-icon" aria-hidden>
        {icon}
      </span>
      <h2>{t(`idle.${how}`)}</h2>
      <p className="soft">{t(`idle.${how}Hint`)}</p>
    </div>
  );
}

function DueCard() {
  const { t } = useTranslation("desk");
  const { t: words } = useTranslation("followUps");
  const label = useLabel();
  const due = useQuery({
    queryKey: ["follow-ups", "mine-first"],
    queryFn: async () =>
      data(await api.GET("/api/follow-ups", { params: { query: { mine: true, limit: 6 } } })),
    refetchInterval: 30_000,
  });
  return (
    <Card title={t("idle.due")} extra={<Link to="/follow-ups">{t("idle.dueAll")}</Link>}>
      <Loaded query={due}>
        {({ items }) =>
          items.length ? (
            <List
              size="small"
              dataSource={items}
              renderItem={(item) => (
                <List.Item key={item.id} extra={<Moment at={item.due_at} />}>
                  <span>
                    <Link to={`/customers/${item.customer_id}`}>{item.name || item.phone_masked}</Link>{" "}
                    {label("followUp", item.kind)}{" "}
                    {item.overdue && <Tag color="error">{words("overdue")}</Tag>}
                  </span>
                </List.Item>
              )}
            />
          ) : (
            <Nothing text={t("idle.dueNone")} />
          )
        }
      </Loaded>
    </Card>
  );
}

/** Who talks on a telephone needs no microphone here. */
function TelephoneCard({ telephone }: { telephone: string }) {
  const { t } = useTranslation("desk");
  return (
    <Card title={t("telephone.title")}>
      <p>{t("telephone.number", { telephone })}</p>
      <p className="soft">{t("telephone.hint")}</p>
    </Card>
  );
}

/** Shows that the microphone works before a customer finds out. Nothing of it leaves the page. */
function MicrophoneCard() {
  const { t } = useTranslation("desk");
  const { microphone, stream } = useEar();
  const [sound, setSound] = useState<Sound | null>(null);
  useEffect(() => {
    if (!stream) return;
    let current: Sound | null = null;
    let left = false;
    void Sound.open(1, () => {}).then((opened) => {
      if (left) return opened.end();
      current = opened;
      opened.speak(stream);
      setSound(opened);
    });
    return () => {
      left = true;
      current?.end();
      setSound(null);
    };
  }, [stream]);
  return (
    <Card title={t("microphone.title")}>
      {stream ? (
        <>
          <p>{t("microphone.device", { name: microphone || t("microphone.unnamed") })}</p>
          <Meter name={t("talk.me")} of={() => sound?.levels.spoken ?? -90} />
          <p className="soft">{t("microphone.works")}</p>
        </>
      ) : (
        <>
          <p className="soft">{t("microphone.closed")}</p>
          <Button icon={<AudioOutlined aria-hidden />} onClick={() => void line.hasMicrophone()}>
            {t("microphone.check")}
          </Button>
        </>
      )}
    </Card>
  );
}
