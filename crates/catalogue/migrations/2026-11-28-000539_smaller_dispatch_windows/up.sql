-- As sources are given since: one whose pages take long must not fill what workers hold.
UPDATE sources SET dispatch_window = 8 WHERE dispatch_window > 8;
