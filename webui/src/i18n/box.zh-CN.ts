import type { BackupError, BackupRun, CheckId, CheckState } from '../contract.js';
import type { Widen } from './zh-CN.js';

/** The words of the page for IT. What each check found is in checks.zh-CN.ts. */
export const boxZh = {
  box: {
    title: '门店盒',
    open: '检查、备份与技术支持',
    loading: '正在读取门店盒的状况',
    well: '一切正常，没有要处理的事。',
    more: '另有 {n} 项要处理，见下面。',
    worst: '最要紧的：{what}',
    checkedAt: '{when} 检查',
    again: '重新检查',
    checking: '正在检查，最多要一两分钟…',
    stale: '现在连不上门店盒。下面是 {when} 的状况。',
    staleBody: '请确认门店盒通电、网线插好，这台 iPad 连的是门店的 Wi-Fi；连上后这里自动更新。',
    checks: '检查项目',
    state: { ok: '正常', warning: '请留意', failed: '要处理', off: '未启用', unknown: '读不到' } satisfies Record<CheckState, string>,
    check: {
      disk: '硬盘空间', memory: '内存', temperature: '温度', clock: '时钟', power: '断电', database: '数据库', search: '搜索', models: '识别模型', cameras: '摄像头',
      certificate: '证书', name: '网络名称', backup: '备份', export: '给总部的数据', stick: '设置 U 盘', update: '更新',
    } satisfies Record<CheckId, string>,
    backups: '备份',
    backupNever: '还没有成功的备份。',
    backupLast: '最近一次成功：{when}，{size}，已读回核对。',
    backupEvery: { folder: '每晚 {at} 备份到备份盘。', sftp: '每晚 {at} 备份到备份服务器。' } satisfies Record<BackupRun['target'], string>,
    backupHeld: '这台门店盒是用备份恢复的，目前不会自动备份。如果门店从现在起就用这台，请备份一次，之后每晚自动备份；演练用的备用机不要备份。',
    backupNow: '立即备份',
    backupRunning: '正在备份，可以离开这个页面。',
    backupOff: '还没有设置备份：门店盒一旦损坏，档案就没有了。请在制作 U 盘时填写 backup 一节（门店公钥与备份位置），再把 U 盘插到门店盒上。',
    backupNote: '备份经加密，只有恢复密钥能打开；里面没有任何人能读出的人脸：人脸的密钥从不离开门店盒。',
    backupList: '历次备份',
    backupAsked: { night: '夜间自动', staff: '在本页发起', console: '在控制台发起' } satisfies Record<BackupRun['askedBy'], string>,
    backupOutcome: { running: '进行中', done: '成功', failed: '失败' } satisfies Record<BackupRun['outcome'], string>,
    backupError: {
      backup_target_missing: '找不到备份位置。请插上备份盘，或检查备份服务器。',
      backup_target_full: '备份位置满了。请换一块更大的盘，或减少保留份数。',
      backup_target_refused: '备份位置不让写入。请检查盘是否写保护，或服务器的账号与主机密钥。',
      backup_unreadable: '写完后读不回来，备份盘可能坏了。请换一块盘再备份一次。',
      backup_failed: '备份没有完成。请再试一次；仍不成功就生成支持文件并联系技术支持。',
      backup_interrupted: '备份时门店盒停了，例如断电。请再备份一次。',
      storage_full: '门店盒的硬盘满了，放不下备份要用的临时文件。请先清理硬盘，或换更大的硬盘，再备份一次。',
    } satisfies Record<BackupError, string>,
    facts: '这台门店盒',
    addresses: '地址',
    version: '版本',
    modelPack: '识别模型',
    since: '本次启动',
    fingerprint: '根证书指纹（SHA-256）',
    fingerprintBody: '在 iPad 上安装描述文件时，请逐字核对。',
    support: '支持文件',
    supportBody: '包含版本、设置、检查结果和运行日志，不含顾客和员工的任何信息，也不含密钥。联系技术支持时随附。',
    supportMake: '生成支持文件',
    supportMaking: '正在生成支持文件…',
    supportDone: '支持文件已交给这台设备（{size}）。',
    supportFile: '门店盒支持文件',
  },
};

/** The shape the other language must fill. */
export type BoxMessages = Widen<typeof boxZh>;
