"""The alarms of template.yaml watch what can go wrong, wherever it can."""

import pathlib
import unittest

from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOOPING = {"WorkerFunction", "SlowWorkerFunction", "ApiFunction", "StartFunction"}

# Metric: what is watched. Recursion ends where no message begins: the sweep is woken by the clock.
WATCHED = {
    "ApproximateAgeOfOldestMessage": {"WorkQueue", "SlowQueue"},
    "ApproximateNumberOfMessagesVisible": {"DeadLetterQueue", "FailedStartsQueue"},
    "RecursiveInvocationsDropped": LOOPING,
    "Throttles": LOOPING,
    "Errors": {"WorkerFunction", "SlowWorkerFunction", "SweepFunction"},
}


class AlarmsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
        cls.resources = resources
        cls.alarms = {name: r["Properties"] for name, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm"}

    @staticmethod
    def watched(alarm):
        """The resource whose metric an alarm looks at."""
        [dimension] = alarm["Dimensions"]
        target = dimension["Value"].get("Ref") or dimension["Value"]["Fn::GetAtt"]
        return (target if isinstance(target, str) else target[0]).split(".")[0]

    def test_everything_that_can_go_wrong_is_watched_wherever_it_can(self):
        found = {}
        for alarm in self.alarms.values():
            found.setdefault(alarm["MetricName"], set()).add(self.watched(alarm))
        for metric, resources in WATCHED.items():
            with self.subTest(metric):
                self.assertEqual(found.get(metric), resources)
        queues = {name for name, r in self.resources.items() if r["Type"] == "AWS::SQS::Queue"}
        self.assertEqual(queues, WATCHED["ApproximateAgeOfOldestMessage"] | WATCHED["ApproximateNumberOfMessagesVisible"])

    def test_quiet_is_no_alarm_and_an_alarm_tells_whom_it_should(self):
        for name, alarm in self.alarms.items():
            with self.subTest(name):
                self.assertEqual(alarm["TreatMissingData"], "notBreaching")
                [action] = alarm["AlarmActions"]
                self.assertEqual(action["Fn::If"][:2], ["HasAlarmTopic", {"Ref": "AlarmTopicArn"}])
                self.assertTrue(alarm["AlarmDescription"])


if __name__ == "__main__":
    unittest.main()
