from django.db import migrations, models


class Migration(migrations.Migration):
    # A word that may be chosen: no column changes, so the table is not made anew.

    dependencies = [("attendance", "0009_places_where_people_punch")]

    operations = [
        migrations.AlterField(
            model_name="punch",
            name="source",
            field=models.CharField(
                choices=[
                    ("api", "API"),
                    ("terminal", "Terminal"),
                    ("usb_log", "Terminal log file"),
                    ("phone", "Phone"),
                    ("wifi", "Wi-Fi by itself"),
                    ("demo", "Demo company"),
                ],
                max_length=10,
                verbose_name="source",
            ),
        ),
    ]
