import {
  AuditOutlined,
  CarryOutOutlined,
  ControlOutlined,
  CustomerServiceOutlined,
  DashboardOutlined,
  HistoryOutlined,
  KeyOutlined,
  NodeIndexOutlined,
  PhoneOutlined,
  StopOutlined,
  TeamOutlined,
  UserOutlined,
} from "@ant-design/icons";
import type { ReactNode } from "react";
import type { ScreenName } from "../screens";

export const icons: Record<ScreenName, ReactNode> = {
  board: <DashboardOutlined />,
  batches: <PhoneOutlined />,
  customers: <TeamOutlined />,
  calls: <AuditOutlined />,
  flows: <NodeIndexOutlined />,
  policy: <ControlOutlined />,
  recalls: <StopOutlined />,
  desk: <CustomerServiceOutlined />,
  followUps: <CarryOutOutlined />,
  users: <UserOutlined />,
  tokens: <KeyOutlined />,
  audit: <HistoryOutlined />,
};
