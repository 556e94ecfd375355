import { DownOutlined, UserOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Dropdown } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import { Long } from "../parts/long";
import { ChangePassword } from "./change_password";
import { useLabelOfRole } from "./roles";
import { useMe } from "./session";
import { SignedInAt } from "./signed_in_at";

/** Who is signed in, and what they can do about their own account. */
export function Account() {
  const { t } = useTranslation("shell");
  const { t: common } = useTranslation();
  const me = useMe();
  const role = useLabelOfRole();
  const queries = useQueryClient();
  const [open, setOpen] = useState<"password" | "sessions" | null>(null);
  const leave = useMutation({
    mutationFn: () => api.POST("/api/sign-out"),
    onSettled: () => {
      queries.clear();
      window.location.assign("/");
    },
  });
  return (
    <>
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            { key: "password", label: t("account.password"), onClick: () => setOpen("password") },
            { key: "sessions", label: t("account.sessions"), onClick: () => setOpen("sessions") },
            { type: "divider" },
            { key: "leave", label: t("signOut"), onClick: () => leave.mutate() },
          ],
        }}
      >
        <Button type="text" icon={<UserOutlined />}>
          <Long text={`${me.display_name} · ${me.roles.map(role).join(common("comma"))}`} max={280} />{" "}
          <DownOutlined aria-hidden />
        </Button>
      </Dropdown>
      {open === "password" && <ChangePassword close={() => setOpen(null)} />}
      {open === "sessions" && <SignedInAt close={() => setOpen(null)} />}
    </>
  );
}
