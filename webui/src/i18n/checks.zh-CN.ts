import type { CHECK_WORDS } from '../../../appliance/contract/checkWords.js';

/** 门店盒各项检查的说明和该怎么办；大括号里的内容由检查结果填入。 */
export const checksZh = {
  checks: {
    disk: {
      fine: '可用 {freeGb} GB，共 {totalGb} GB。',
      filling: '可用 {freeGb} GB；按目前的增长，{daysLeft} 天后写满。请准备更大的硬盘，或缩短数据保留期限。',
      low: '只剩 {freeGb} GB（共 {totalGb} GB），备份和更新可能放不下。请尽快清理，或换更大的硬盘。',
      full: '硬盘已满，新内容无法保存。请立即清理：把不属于门店盒的文件移走，或换更大的硬盘。',
      limit_reached: '数据库已达到设定的上限（PORTICO_DB_MAX_MB），新内容无法保存。请调高上限。',
      read_only: '硬盘只能读、不能写，多半是快坏了。请先确认有备份，再更换硬盘。',
      not_told: '访问不到数据目录。请检查硬盘是否在位、是否已挂载。',
    },
    memory: {
      fine: '可用内存 {availableGb} GB（共 {limitGb} GB），门店盒自身占用 {usedGb} GB。',
      tight: '可用内存只有 {availableGb} GB（共 {limitGb} GB）。如果一直这样，请看看这台机器上还运行着什么，或加内存。',
      short: '内存快用完了：可用 {availableGb} GB（共 {limitGb} GB）。请重启门店盒，停掉其他程序，或加内存。',
      swap_on: '这台机器开着交换分区（swap），内存里的人脸模板可能被写到硬盘上。请关闭交换分区。',
      not_told: '这台机器读不到剩余内存。',
    },
    temperature: {
      fine: '{celsius} °C。',
      hot: '{celsius} °C，偏热。请保持通风口畅通，不要放在封闭的柜子里。',
      too_hot: '{celsius} °C，太热了，机器会变慢甚至自动关机。请马上改善通风；有风扇的话检查是否在转。',
      not_told: '这台机器读不到温度。',
    },
    clock: {
      fine: '时间准确：{now}。',
      behind_build: '门店盒的时间是 {now}，比软件的制作时间还早。请校准时间，并检查能否连上时间服务器；也可能是主板电池没电了。',
      behind_seen: '门店盒的时间是 {now}，但它在 {seenAt} 已经运行过。请校准时间，并检查能否连上时间服务器；也可能是主板电池没电了。',
      jumped: '时间在 {jumpedAt} 跳了 {minutes} 分钟。请确认现在的时间是对的，时间服务器也是对的。',
      not_synchronised: '没有跟时间服务器同步，时间会慢慢走偏。请在 U 盘的网络设置里填一个连得上的时间服务器，或放行到它的 UDP 123 端口。',
      not_told: '无法得知时钟是否与时间服务器同步。现在是 {now}。',
    },
    power: {
      fine: '近期没有断电（累计 {losses} 次）。',
      lost_power: '门店盒在 {lastLoss} 前后断过电，累计 {losses} 次。拔电源前请先正常关机；如果没有人拔过，请检查插头、插座和电源适配器。',
      crashed: '程序在 {lastCrash} 前后意外退出，已自动重新启动，累计 {crashes} 次。请生成支持文件发给技术支持。',
    },
    database: {
      fine: '数据完好，上次检查：{checkedAt}。',
      not_checked: '还没有检查过；每晚会自动检查，也可以点“重新检查”。',
      not_checked_lately: '上次检查是 {checkedAt}，本应每晚检查一次。夜里请不要关门店盒，或现在重新检查。',
      check_failed: '{checkedAt} 的检查没有完成。请重新检查；如果还是不行，请生成支持文件。',
      damaged: '数据库已损坏（{checkedAt} 发现）。请不要关门店盒，立即联系技术支持，并准备好最近的备份。',
      busy: '数据库没有响应。请等一分钟；如果一直这样，请重启门店盒。',
    },
    search: {
      fine: '搜索正常。',
      behind: '搜索正在整理，结果可能不全。不用处理，会自动完成。',
    },
    models: {
      fine: '识别模型通过了自检（{testedAt}）。',
      not_tested: '还没有自检；每次启动后一分钟内会自动进行。',
      unavailable: '人脸识别没有运行。请重启门店盒；如果还是不行，请生成支持文件。',
      no_answer: '有识别进程在 {testedAt} 的自检中没有响应。请重启门店盒；如果再次发生，请生成支持文件。',
      wrong_numbers: '识别模型在 {testedAt} 的自检中结果不对，识别结果暂不可信。请重新安装模型包；如果还是不行，可能是机器故障。',
      file_changed: '硬盘上的模型文件缺失，或不是启动时加载的那一份（{testedAt} 发现）。这些文件不应有人改动，请重新安装模型包。',
    },
    cameras: {
      fine: '{cameras} 个摄像头已连接，画面正常。',
      none: '没有摄像头连接。',
      closed: '门店已打烊，不要求摄像头在线。',
      silent: '{cameras} 个摄像头中有 {silent} 个一分钟以上没有画面。请唤醒对应的 iPad，并检查 Wi-Fi。',
      station_missing: '营业时间内有 {missing} 个固定机位没有连接。请打开对应的 iPad 并进入机位页面。',
      too_slow: '门店盒处理不过来：有 {waiting} 张画面在排队。请关掉不需要的摄像头，或换更快的门店盒。',
      recognition_off: '门店已关闭人脸识别。',
    },
    certificate: {
      fine: '证书还有 {days} 天到期，门店盒会自动续期。',
      ending: '证书还有 {days} 天到期，自动续期没有成功。请重启门店盒；如果还是不行，请生成支持文件。',
      ended: '证书已于 {endsAt} 到期，iPad 会拒绝连接。请先检查时间，再重启门店盒。',
      names_missing: '这些名称或地址不在证书里：{names}。用它们打开的 iPad 会看到警告。请改用别的名称，或重新生成根证书（每台 iPad 都要重新信任）。',
    },
    name: {
      off: '门店盒没有在网络上公布名称，iPad 用地址访问。',
      published: '在网络上的名称是 {name}。',
      conflict: '网络上已有别的设备叫 {name}。请给其中一台改名。',
      failed: '名称 {name} 没能在网络上公布。请检查网络是否放行组播（UDP 5353）；用地址访问不受影响。',
    },
    backup: {
      fine: '最近一次备份：{finishedAt}，已读回核对。',
      not_set_up: '还没有设置备份：门店盒一旦损坏，档案就没有了。请在 U 盘的设置里填写备份部分。',
      nobody_yet: '这台门店盒还没有人使用。设置好第一位店长以后，会自动开始备份。',
      held: '这台门店盒是用备份恢复的，目前不会自动备份。如果门店从现在起就用这台，请立即备份一次，之后每晚自动备份；演练用的备用机不要备份。',
      never: '还没有成功备份过。请检查备份盘是否插好、服务器能否连上，然后立即备份。',
      old: '最近一次成功的备份已是 {days} 天前。请检查备份盘是否插好、是否有空间，或服务器能否连上。',
      failed: '最近一次备份没有成功，{finishedAt} 的备份还在。请看下面备份记录里的原因，处理后再备份一次。',
    },
    export: {
      fine: '最近一次每晚导出：{finishedAt}。',
      not_set_up: '没有设置向总部的每晚导出。',
      never: '每晚导出还没有成功过。请检查能否连上总部的服务器。',
      old: '最近一次每晚导出是 {finishedAt}。请检查能否连上总部的服务器。',
    },
    stick: {
      none: '还没有插过设置 U 盘。',
      applied: '自 {at} 起使用 U 盘 {what} 的设置。',
      refused: '{at} 插入的 U 盘没有被接受（{errorCode}），什么都没有改。U 盘上的结果文件写明了原因。',
      rolled_back: '用了 {at} 那个 U 盘的设置后门店盒不正常，已退回原来的设置（{errorCode}）。详情见 U 盘上的结果文件。',
      done: '{at} 插入的 U 盘要求的事已经办完。',
      brought: '{at} 插入的 U 盘带来了版本 {what}，进展见“更新”。U 盘可以拔出。',
      unreadable: '读不到上一个 U 盘的处理结果。请重新插入 U 盘。',
    },
    update: {
      none: '还没有更新过。',
      applied: '自 {at} 起运行版本 {what}。',
      refused: '{at} 的更新没有被接受（{errorCode}），什么都没有改。请从来源处重新获取。',
      rolled_back: '{at} 的更新没有成功（{errorCode}），仍在运行之前的版本。请生成支持文件发给技术支持。',
      waiting: '版本 {what} 已在 {at} 放进门店盒，打烊后自动更新；没有填营业时间时，在凌晨 3 点到 5 点更新。不用做什么。',
      deletions_unread: '{since} 有一次更新没有成功，门店盒已退回之前的版本。更新期间删除了什么读不出来，因此已删除全部人脸：请重新征得顾客同意并录入；期间删除过的档案又回来了，请按删除回执再删一次。本提示保留 30 天。',
      under_way: '自 {at} 起正在更新，请不要关机。',
      unreadable: '读不到上一次更新的结果。请生成支持文件发给技术支持。',
    },
  },
} satisfies { checks: { [Id in keyof typeof CHECK_WORDS]: Record<keyof (typeof CHECK_WORDS)[Id], string> } };

export interface ChecksMessages { checks: { readonly [Id in keyof typeof CHECK_WORDS]: Readonly<Record<keyof (typeof CHECK_WORDS)[Id], string>> } }
