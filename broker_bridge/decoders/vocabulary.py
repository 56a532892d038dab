"""The names of properties that sensors report on every platform, without their spelling: tables, no rules."""

from broker_bridge.decoders.naming import words

LATITUDE = frozenset({"lat", "latitude", "gpslat", "gpslatitude"})
LONGITUDE = frozenset({"lon", "lng", "long", "longitude", "longitud", "gpslon", "gpslng", "gpslongitude"})
ACCURACY = frozenset({"acc", "accuracy", "accm", "hacc", "radius"})
VITAL_NAMES = {
    "hr_bpm": "heartrate hr bpm pulse pulserate heart heartbeatrate heartratebpm 心率",
    "spo2_pct": "spo2 bloodoxygen oxygensaturation oxygen oxy spo bloodox oxygenrate 血氧",
    "temp_c": "bodytemperature bodytemp wristtemperature bodytempc tempbody 体温",
    "resp_rpm": "respiratoryrate respirationrate breathrate breathingrate breath breathing breathe respiration "
    "respiratory resp rr breathfrequency 呼吸 呼吸率",
    "sys": "systolic systolicpressure sbp bphigh bpsystolic systolicbloodpressure highpressure hbp 收缩压 高压",
    "dia": "diastolic diastolicpressure dbp bplow bpdiastolic diastolicbloodpressure lowpressure lbp 舒张压 低压",
}
VITAL = {name: vital for vital, names in VITAL_NAMES.items() for name in names.split()}
BATTERY = words(
    "battery batterylevel batterypercent batterypercentage batterycapacity batt bat batpct batterypct battpct "
    "remainingpower remainpower electricity electricquantity soc powerlevel batteryremaining batteryvalue 电量"
)
BUTTON = words(
    "button press pressevent buttonevent buttonpress buttonpressed buttonstatus buttonaction keyevent keypress "
    "keystatus "
    "click action buttonclick buttonstate 按键"
)
STEPS = words("steps step stepcount stepnumber stepnumbervalue pedometer stepnum walksteps 步数")
#: hold the name of an alarm as their value
NAMES_AN_ALARM = words(
    "alarmtype eventtype event alarm alarmevent alarmname eventname detectionstatus alerttype status alarmstatus "
    "warningtype postureevent"
)
#: hold properties and are none
CONTAINERS = words("payload data params message msg body content report object values fields properties telemetry "
                   "bizdata")
#: an alarm that does not say of what: its device does
BARE = words("alarm alarmstatus alarmstate alarmflag alert alarming")
#: belong to the device and say nothing about the person
OWN = words(
    "sn serialnumber hardwareversion firmwareversion ipsoversion tslversion lorawanclass devicestatus nodetype "
    "sensormodel mod md bg mode rssi snr linkquality temperature temp tem tempc hum humidity humi light lux "
    "illuminance illumination daylight pressure co2 tvoc pm pm25 pm10 noise batv vbat batteryvoltage signal version "
    "fwversion time date timestamp transport usetimenow usetimetoday soundkey soundack buzzer valve relay model "
    "temperaturealarm humidityalarm position reporttype frequencyband subband pnackmd tdc imei imsi iccid uptime "
    "power charge charging voltage csq lqi interval targetstatus respiratorystatus ambienttemperature "
    "rsrp sinr rsrq pci ecl cell cellid signalstrength signalquality signalpower coverlevel earfcn band terminaltype "
    "moduletype manufacturer manufacturername softwareversion heartbeattime heartbeatinterval errorcode resetevent "
    "motionstatus geofencestatus distance device volt volts vdd swver hwver swversion hwversion datecode valid err "
    "payload "
    "reboot releasealarm reportstatus rejoin cleardata stoptransmit syncremotetime externalpower externalpowersource"
)
#: what a wire to a button or a cord is called by a box with inputs
INPUTS = words(
    "gpio gpioin gpioinput di din diin digital digitalin digitalinput input in exti extitrigger contactinput drycontact"
)
#: says that all of it is only a test
TESTS = words("test testing selftest istest testmode testalarm drill simulated issimulated simulation 测试")
SUSPICIOUS = words("alarm alert event press button sos help emergency fall panic click action urgent call distress")
