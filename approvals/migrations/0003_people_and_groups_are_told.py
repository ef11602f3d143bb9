import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import approvals.models.robots
import organization.sealed_fields


class Migration(migrations.Migration):

    dependencies = [
        ('approvals', '0002_requests_say_what_they_said'),
        ('organization', '0012_people_that_holds_keep'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='GroupRobot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='group')),
                ('system', models.CharField(choices=[('wecom', 'WeCom'), ('dingtalk', 'DingTalk'), ('feishu', 'Feishu')], max_length=8, verbose_name='system')),
                ('key', models.CharField(default=approvals.models.robots.new_key, editable=False, max_length=32, unique=True)),
                ('sealed_address', organization.sealed_fields.SealedField(bound_to=('key',), purpose='address of a group robot', verbose_name='address, sealed')),
                ('sealed_secret', organization.sealed_fields.SealedField(blank=True, bound_to=('key',), null=True, purpose='secret of a group robot', verbose_name='secret, sealed')),
                ('kinds', models.JSONField(default=approvals.models.robots.waiting_kinds, validators=[approvals.models.robots.validate_kinds], verbose_name='the group is told')),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文')], default='zh-hans', max_length=10, verbose_name='language')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('rests_until', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='rests until')),
                ('failures', models.PositiveSmallIntegerField(default=0, editable=False, verbose_name='failures in a row')),
                ('problem', models.CharField(blank=True, editable=False, max_length=200, verbose_name='last problem')),
                ('told_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='last told')),
                ('switched_off_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='switched itself off')),
                ('department', models.ForeignKey(help_text='The group is told of requests of people here and below.', on_delete=django.db.models.deletion.PROTECT, related_name='group_robots', to='organization.department', verbose_name='department')),
                ('set_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='set up by')),
            ],
            options={
                'verbose_name': 'group robot',
                'verbose_name_plural': 'group robots',
                'ordering': ['department__path', 'name'],
            },
        ),
        migrations.CreateModel(
            name='GroupMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(verbose_name='due')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ('problem', models.CharField(blank=True, max_length=200, verbose_name='problem')),
                ('kind', models.CharField(choices=[('asked', 'A request waits'), ('held', 'A held punch waits'), ('reminded', 'A request still waits'), ('escalated', 'A request went up'), ('decided', 'A request was decided'), ('revoked', 'An approval was taken back'), ('boarding_pass', 'A boarding pass is due'), ('missing_punch', 'A punch is missing'), ('robot_off', 'A group is told nothing any more')], max_length=16, verbose_name='kind')),
                ('subject', models.CharField(max_length=64, verbose_name='about')),
                ('created_at', models.DateTimeField(verbose_name='told')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='group_messages', to='approvals.request', verbose_name='request')),
                ('robot', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='approvals.grouprobot', verbose_name='robot')),
            ],
            options={
                'verbose_name': 'group message',
                'verbose_name_plural': 'group messages',
                'ordering': ['pk'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('asked', 'A request waits'), ('held', 'A held punch waits'), ('reminded', 'A request still waits'), ('escalated', 'A request went up'), ('decided', 'A request was decided'), ('revoked', 'An approval was taken back'), ('boarding_pass', 'A boarding pass is due'), ('missing_punch', 'A punch is missing'), ('robot_off', 'A group is told nothing any more')], max_length=16, verbose_name='kind')),
                ('subject', models.CharField(help_text='What makes it the same one when told again.', max_length=64, verbose_name='about')),
                ('facts', models.JSONField(default=dict, verbose_name='facts')),
                ('created_at', models.DateTimeField(verbose_name='told')),
                ('read_at', models.DateTimeField(blank=True, null=True, verbose_name='read')),
                ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to=settings.AUTH_USER_MODEL, verbose_name='recipient')),
                ('request', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='approvals.request', verbose_name='request')),
            ],
            options={
                'verbose_name': 'notification',
                'verbose_name_plural': 'notifications',
                'ordering': ['-pk'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='NotificationSetting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mail', models.CharField(choices=[('at_once', 'At once'), ('daily', 'Once a day, all together'), ('off', 'Not at all')], default='at_once', max_length=8, verbose_name='by e-mail')),
                ('mail_hour', models.PositiveSmallIntegerField(default=8, validators=[django.core.validators.MaxValueValidator(23)], verbose_name='hour of the daily e-mail')),
                ('punch_minutes', models.PositiveSmallIntegerField(default=10, help_text='Counted from the beginning and from the end of the shift. 0: never.', validators=[django.core.validators.MaxValueValidator(60)], verbose_name='remind of a missing punch after (minutes)')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='notification_setting', to=settings.AUTH_USER_MODEL, verbose_name='log-in')),
            ],
            options={
                'verbose_name': 'setting of notifications',
                'verbose_name_plural': 'settings of notifications',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Sending',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(verbose_name='due')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ('problem', models.CharField(blank=True, max_length=200, verbose_name='problem')),
                ('channel', models.CharField(choices=[('mail', 'E-mail')], max_length=8, verbose_name='channel')),
                ('notification', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sendings', to='approvals.notification', verbose_name='notification')),
            ],
            options={
                'verbose_name': 'sending',
                'verbose_name_plural': 'sendings',
                'ordering': ['pk'],
                'default_permissions': (),
            },
        ),
        migrations.AddConstraint(
            model_name='grouprobot',
            constraint=models.UniqueConstraint(fields=('department', 'name'), name='one_robot_per_group_and_department', violation_error_message='This department has a robot of that name already.'),
        ),
        migrations.AddIndex(
            model_name='groupmessage',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['robot', 'id'], name='group_message_open'),
        ),
        migrations.AddIndex(
            model_name='groupmessage',
            index=models.Index(fields=['created_at'], name='group_message_by_age'),
        ),
        migrations.AddConstraint(
            model_name='groupmessage',
            constraint=models.UniqueConstraint(fields=('robot', 'kind', 'subject'), name='no_group_is_told_the_same_twice'),
        ),
        migrations.AddConstraint(
            model_name='groupmessage',
            constraint=models.CheckConstraint(condition=models.Q(('sent_at__isnull', True), ('closed_at', models.F('sent_at')), _connector='OR'), name='what_a_group_was_told_is_closed'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(fields=['recipient', '-id'], name='notification_by_person'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('read_at__isnull', True)), fields=['recipient'], name='notification_unread'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(fields=['kind', 'created_at'], name='notification_by_kind'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.UniqueConstraint(fields=('recipient', 'kind', 'subject'), name='nobody_is_told_the_same_twice'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['asked', 'decided', 'escalated', 'held', 'reminded', 'revoked']), ('request__isnull', False)), models.Q(models.Q(('kind__in', ['asked', 'decided', 'escalated', 'held', 'reminded', 'revoked']), _negated=True), ('request__isnull', True)), _connector='OR'), name='a_notification_has_its_request'),
        ),
        migrations.AddConstraint(
            model_name='notificationsetting',
            constraint=models.CheckConstraint(condition=models.Q(('mail_hour__lte', 23), ('punch_minutes__lte', 60)), name='a_reminder_comes_within_an_hour'),
        ),
        migrations.AddIndex(
            model_name='sending',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['due_at'], name='sending_due'),
        ),
        migrations.AddConstraint(
            model_name='sending',
            constraint=models.UniqueConstraint(fields=('notification', 'channel'), name='one_sending_per_channel'),
        ),
        migrations.AddConstraint(
            model_name='sending',
            constraint=models.CheckConstraint(condition=models.Q(('sent_at__isnull', True), ('closed_at', models.F('sent_at')), _connector='OR'), name='what_was_sent_is_closed'),
        ),
    ]
