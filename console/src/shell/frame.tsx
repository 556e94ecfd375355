import { DownOutlined, UserOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Dropdown, Layout, Menu } from "antd";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Link, Outlet, useLocation } from "react-router";
import { api } from "../api/client";
import { Loading } from "../parts/states";
import { screens } from "../screens";
import { icons } from "./icons";
import { useLabelOfRole } from "./roles";
import { Session, useMay, useMe } from "./session";
import { SwitchLanguage } from "./switch_language";

const DeskBar = lazy(() => import("../screens/desk/desk_bar").then((desk) => ({ default: desk.DeskBar })));

/** The menu on the left, who is signed in above, the screen between. */
export function Frame() {
  return (
    <Session>
      <Inside />
    </Session>
  );
}

function Inside() {
  const { t } = useTranslation("shell");
  const may = useMay();
  const here = useLocation().pathname;
  const shown = screens.filter((screen) => may(screen.permission));
  const open = shown.find((screen) => here === screen.path || here.startsWith(`${screen.path}/`));
  return (
    <Layout style={{ minHeight: "100vh" }}>
      <Layout.Sider width={184} collapsible theme="light" breakpoint="lg" className="side">
        <Link
          to="/"
          style={{
            display: "flex",
            alignItems: "center",
            gap: 10,
            height: 52,
            paddingInline: 24,
            overflow: "hidden",
          }}
        >
          <img src="/static/callbot.svg" alt="" width={28} height={28} style={{ flex: "none" }} />
          <b style={{ fontSize: 16, color: "#1f2329" }}>{t("product")}</b>
        </Link>
        <nav aria-label={t("product")}>
          <Menu
            mode="inline"
            selectedKeys={open ? [open.name] : []}
            style={{ borderInlineEnd: 0 }}
            items={shown.map((screen) => ({
              key: screen.name,
              icon: icons[screen.name],
              label: <Link to={screen.path}>{t(`menu.${screen.name}`)}</Link>,
            }))}
          />
        </nav>
      </Layout.Sider>
      <Layout>
        <Layout.Header
          style={{
            display: "flex",
            alignItems: "center",
            justifyContent: "flex-end",
            gap: 8,
            borderBottom: "1px solid #e5e6eb",
            lineHeight: "normal",
          }}
        >
          {may("desk.work") && (
            <Suspense>
              <DeskBar />
            </Suspense>
          )}
          <SwitchLanguage />
          <Account />
        </Layout.Header>
        <Layout.Content>
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </Layout.Content>
      </Layout>
    </Layout>
  );
}

function Account() {
  const { t } = useTranslation("shell");
  const me = useMe();
  const role = useLabelOfRole();
  const queries = useQueryClient();
  const leave = useMutation({
    mutationFn: () => api.POST("/api/sign-out"),
    onSettled: () => {
      queries.clear();
      window.location.assign("/");
    },
  });
  return (
    <Dropdown
      trigger={["click"]}
      menu={{ items: [{ key: "leave", label: t("signOut"), onClick: () => leave.mutate() }] }}
    >
      <Button type="text" icon={<UserOutlined />}>
        {me.display_name} · {me.roles.map(role).join("、")} <DownOutlined />
      </Button>
    </Dropdown>
  );
}
