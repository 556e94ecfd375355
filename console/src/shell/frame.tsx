import { MenuFoldOutlined, MenuUnfoldOutlined } from "@ant-design/icons";
import { Button, Layout, Menu } from "antd";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, Outlet, useLocation } from "react-router";
import { Forbidden, Loading } from "../parts/states";
import { screens } from "../screens";
import { Account } from "./account";
import { icons } from "./icons";
import { Session, useMay } from "./session";
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
  const [narrow, setNarrow] = useState(false);
  const here = useLocation().pathname;
  const shown = screens.filter((screen) => may(screen.permission));
  const open = screens.find((screen) => here === screen.path || here.startsWith(`${screen.path}/`));
  return (
    <Layout style={{ minHeight: "100vh" }}>
      <Layout.Sider
        width={184}
        collapsible
        trigger={null}
        collapsed={narrow}
        onBreakpoint={setNarrow}
        theme="light"
        breakpoint="lg"
        className="side"
      >
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
          <Button
            type="text"
            style={{ marginInlineEnd: "auto", marginInlineStart: -8 }}
            aria-label={t(narrow ? "unfold" : "fold")}
            title={t(narrow ? "unfold" : "fold")}
            aria-expanded={!narrow}
            icon={narrow ? <MenuUnfoldOutlined /> : <MenuFoldOutlined />}
            onClick={() => setNarrow(!narrow)}
          />
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
            {open && !may(open.permission) ? <Forbidden /> : <Outlet />}
          </Suspense>
        </Layout.Content>
      </Layout>
    </Layout>
  );
}
