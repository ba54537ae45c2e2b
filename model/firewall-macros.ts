/**
 * Names of Proxmox VE's firewall macros, as release 9 lists them at GET /cluster/firewall/macros. A rule names one instead of
 * protocol and port.
 */
export const FIREWALL_MACROS: readonly string[] = `
  Amanda Auth BGP BitTorrent BitTorrent32 CVS Ceph Citrix DAAP DCC DHCPfwd DHCPv6 DNS Distcc FTP Finger GNUnet GRE
  Git HKP HTTP HTTPS ICPV2 ICQ IMAP IMAPS IPIP IPsec IPsecah IPsecnat IRC JetDirect L2TP LDAP LDAPS MDNS MSNP
  MSSQL Mail Munin MySQL NNTP NNTPS NTP NeighborDiscovery OSPF OpenVPN PBS PCA PMG POP3 POP3S PPtP Ping PostgreSQL
  Printer RDP RIP RNDC Razor Rdate Rsync SANE SMB SMBswat SMTP SMTPS SNMP SPAMD SPICEproxy SSH SVN SixXS Squid
  Submission Syslog TFTP Telnet Telnets Time Trcrt VNC VNCL Web Webcache Webmin Whois
`
  .trim()
  .split(/\s+/);

/** Macros that open a port which the operator's way in needs, and the port. */
export const MACRO_PORTS: Readonly<Record<string, number>> = { SSH: 22 };
